/** Threads in hosts other than this test's: a process of its own, and pages of headless Chromium, where there is one. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  bundleForBrowser,
  documentOf,
  findChromium,
  isolation,
  launchChromium,
  openServed,
} from '@node-ode/e2e/browser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ThreadsReport } from '../../test/threads-script.ts';

const script = await bundleForBrowser(fileURLToPath(new URL('../../test/threads-script.ts', import.meta.url)));

const onThree: ThreadsReport = { isIsolated: true, running: 3, obstacle: undefined, isSame: true };
const onOne: ThreadsReport = { ...onThree, running: 1 };

describe('in a process', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'node-ode-threads-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([[[]], [['--input-type=module']]] as string[][][])(
    'threads do not keep it alive, with flags %j',
    async (flags) => {
      const file = join(folder, 'script.mjs');
      await writeFile(file, `${script}\nconsole.log(JSON.stringify(await tryThreads(3)));`);
      const args = flags.length === 0 ? [file] : [...flags, '-e', `await import(${JSON.stringify(file)})`];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
      expect(JSON.parse(stdout)).toEqual({ running: 3, isSame: true });
      expect(stderr).toBe('');
    },
  );
});

type Browser = Awaited<ReturnType<typeof launchChromium>>;

const chromium = await findChromium().then(
  (path) => ({ path, missing: undefined }),
  (error: unknown) => ({ path: '', missing: String(error) }),
);

describe.skipIf(chromium.missing !== undefined)('in Chromium', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium(chromium.path);
  });
  afterAll(() => browser?.close());

  /** What the page says, on its main thread or in a worker of its own. */
  async function inPage(headers: Readonly<Record<string, string>>, where: 'page' | 'worker'): Promise<ThreadsReport> {
    const page = await browser!.newPage();
    try {
      const inWorker = `${script}\ntryThreads(3).then(postMessage);`;
      await openServed(
        page,
        {
          '/': documentOf('page.js'),
          '/page.js': { contentType: 'text/javascript', body: script },
          '/worker.js': { contentType: 'text/javascript', body: inWorker },
        },
        headers,
      );
      if (where === 'page') return await page.evaluate(() => globalThis.tryThreads(3));
      return await page.evaluate(
        () =>
          new Promise<ThreadsReport>((resolve, reject) => {
            const worker = new Worker('/worker.js', { type: 'module' });
            worker.onmessage = ({ data }: MessageEvent<ThreadsReport>) => {
              resolve(data);
            };
            worker.onerror = ({ message }) => {
              reject(new Error(message));
            };
          }),
      );
    } finally {
      await page.close();
    }
  }

  it.each(['page', 'worker'] as const)('%s: an isolated page has threads', async (where) => {
    expect(await inPage(isolation, where)).toEqual(onThree);
  });

  it.each(['page', 'worker'] as const)('%s: another has one, and says why', async (where) => {
    expect(await inPage({}, where)).toEqual({
      ...onOne,
      isIsolated: false,
      obstacle: expect.stringContaining('the page is not cross-origin isolated') as string,
    });
  });

  it('a policy that refuses workers from blobs leaves one thread, and says why', async () => {
    const policy = "worker-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'";
    expect(await inPage({ ...isolation, 'Content-Security-Policy': policy }, 'page')).toEqual({
      ...onOne,
      obstacle: 'the worker was refused',
    });
  });
});
