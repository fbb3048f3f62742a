/** `npm run playground` as a process. */
import { resolve } from 'node:path';
import { NodeOdeError } from '@node-ode/core';
import { preview } from 'vite';
import { buildSite, configOf } from './build.ts';
import { parseCommand, usage } from './options.ts';

async function run(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  if (command.help) {
    process.stdout.write(usage);
    return;
  }
  const out = resolve(command.out);
  process.stderr.write(`Writing the page into ${command.out} …\n`);
  await buildSite(out);
  if (command.build) return;
  const server = await preview({
    ...configOf(out),
    preview: { port: command.port, strictPort: command.port !== 4173 },
  });
  const [address = ''] = server.resolvedUrls?.local ?? [];
  process.stdout.write(`The playground is at ${address} (Ctrl-C ends it).\n`);
  process.on('SIGINT', () => void server.close().then(() => process.exit(130)));
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const isUsers = error instanceof NodeOdeError;
  process.stderr.write(`${isUsers ? error.message : error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exitCode = isUsers ? 2 : 1;
}
