/** `node main.js BACKEND [THREADS]`: a worker process. Requests come in as lines, replies go out as lines. */
import { createInterface } from 'node:readline';
import { backends } from '@node-ode/e2e/backends';
import type { Request } from '../protocol.ts';
import { workerOn } from './worker.ts';

const [name = '', threads = '1'] = process.argv.slice(2);
const factory = backends[name] ?? (() => Promise.reject(new Error(`no backend '${name}'`)));
const handle = workerOn(name, () => factory({ threads: Number(threads) }));
// Replies are the only lines of stdout; what an engine prints goes to stderr.
console.log = console.info = console.error;
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await handle(JSON.parse(line) as Request))}\n`);
}
