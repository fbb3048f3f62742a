/** Workers as processes: a fake one in place of an engine, that does as its requests tell it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Reply, Request } from './protocol.ts';
import { startWorker, type Worker } from './worker-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'node-ode-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = join(folder, 'worker.mjs');
writeFileSync(
  script,
  `import { createInterface } from 'node:readline';
  for await (const line of createInterface({ input: process.stdin })) {
    const { seconds } = JSON.parse(line).round;
    console.error('on its way');
    if (seconds === 1) console.log(JSON.stringify({ times: [Number(process.env.FAKE_MS ?? 7), process.pid] }));
    if (seconds === 2) { console.error('Traceback: out of luck'); process.exit(3); }
    if (seconds === 5) throw new TypeError('no such thing');
    if (seconds === 3) setInterval(() => {}, 1000); // it hangs
    if (seconds === 4) console.log('a library says hello');
  }`,
);

const fake = (env: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Worker =>
  startWorker({ file: process.execPath, args: [script], env }, signal);

const round = (seconds: number): Request => ({ round: { seconds } });

const pidIn = (reply: Reply): number => ('times' in reply ? (reply.times[1] ?? NaN) : NaN);

/** Whether a process is gone, after a moment to go. */
async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 50; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

it('asks and is answered, more than once', async () => {
  const worker = fake({ FAKE_MS: '5' });
  const first = await worker.request(round(1), 10);
  expect(first).toMatchObject({ times: [5, expect.any(Number)] });
  expect(await worker.request(round(1), 10)).toEqual(first);
  worker.close();
  expect(await isGone(pidIn(first))).toBe(true);
});

it('tells how a worker ended, with its last words', async () => {
  const worker = fake();
  const reply = { error: 'ended with code 3: Traceback: out of luck' };
  expect(await worker.request(round(2), 10)).toEqual(reply);
  expect(await worker.request(round(1), 10)).toEqual(reply);
});

it("finds the error in Node's last words", async () =>
  expect(await fake().request(round(5), 10)).toEqual({ error: 'ended with code 1: TypeError: no such thing' }));

it('ends a worker that hangs', async () => {
  const worker = fake();
  const pid = pidIn(await worker.request(round(1), 10));
  expect(await worker.request(round(3), 0.2)).toEqual({ error: 'no reply within 0.2 s' });
  expect(await isGone(pid)).toBe(true);
});

it('ends a worker that replies with something else', async () => {
  const worker = fake();
  expect(await worker.request(round(4), 10)).toEqual({
    error: 'replied with "a library says hello", which is no JSON',
  });
});

it('takes a program that is not there for one that is not available', async () => {
  const worker = startWorker({ file: join(folder, 'no-python'), args: [] });
  expect(await worker.request(round(1), 10)).toEqual({ unavailable: expect.stringContaining('does not start') });
});

it('ends workers when the run is interrupted, and starts no more', async () => {
  const controller = new AbortController();
  const worker = fake({}, controller.signal);
  const pid = pidIn(await worker.request(round(1), 10));
  const pending = worker.request(round(3), 10);
  controller.abort();
  expect(await pending).toEqual({ error: 'interrupted' });
  expect(await isGone(pid)).toBe(true);
  expect(await fake({}, controller.signal).request(round(1), 10)).toEqual({ error: 'interrupted' });
});
