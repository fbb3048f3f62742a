// The built page in headless Chromium: as a visitor has it. Skipped where there is none.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { reference } from '@node-ode/backend-reference';
import { array, createOde, type Tensor } from '@node-ode/core';
import { findChromium, launchChromium } from '@node-ode/e2e/browser';
import { dopri5 } from '@node-ode/solver-dopri5';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import '../page/frames.ts';
import { specs, type SceneName } from '../scenes/specs.ts';
import { buildSite, configOf } from './build.ts';

const chromium = await findChromium().then(
  (path) => ({ path, missing: undefined }),
  (error: unknown) => ({ path: '', missing: String(error) }),
);

let folder = '';
let server: PreviewServer | undefined;
let browser: Awaited<ReturnType<typeof launchChromium>> | undefined;
let address = '';

beforeAll(async () => {
  if (chromium.missing !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'node-ode-playground-'));
  await buildSite(join(folder, 'site'));
  server = await preview({ ...configOf(join(folder, 'site')), preview: { host: '127.0.0.1', port: 0 } });
  address = server.resolvedUrls?.local[0] ?? '';
  browser = await launchChromium(chromium.path);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (folder !== '') await rm(folder, { recursive: true });
});
beforeEach(({ skip }) => {
  skip(chromium.missing !== undefined, chromium.missing);
});

/** Longest wait for a page, in milliseconds: the machine may be busy. */
const patience = 60_000;

/** Opens the page, has it used, and demands that it complained of nothing. */
async function visit(
  path: string,
  use: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await browser!.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const complaints: string[] = [];
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('response', (response) => {
      if (!response.ok()) complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(`${address}${path}`);
    await use(page);
  } finally {
    await context.close();
  }
  expect(complaints).toEqual([]);
}

const isAt = (page: Page, phase: string) =>
  page.waitForFunction((p) => document.documentElement.dataset['phase'] === p, phase, { polling: 50 });

/** Waits until the loss of a page's last model is below a bound, or it trains no more; gives the loss and the steps it took. */
async function trainBelow(page: Page, bound: number): Promise<{ readonly loss: number; readonly step: number }> {
  const reached = await page.waitForFunction(
    (most) => {
      const read = (id: string): string => document.getElementById(id)?.textContent ?? '';
      const loss = Number(read('loss').replaceAll('−', '-').split(' · ').at(-1));
      const isStopped = ['failed', 'resting'].includes(document.documentElement.dataset['phase'] ?? '');
      return loss < most || isStopped ? { loss, step: Number(read('step')) } : false;
    },
    bound,
    { polling: 20 },
  );
  const found = await reached.jsonValue();
  return found === false ? { loss: NaN, step: NaN } : found;
}

describe('in Chromium', { timeout: 2 * patience }, () => {
  // Losses that an untrained model is far from: 0.3, 1, 3.5 and 1000.
  it.each<[SceneName, number, number]>([
    ['spirals', 0.01, 200],
    ['spheres', 0.1, 200],
    ['density', 2.9, 300],
    ['latent', 90, 500],
  ])('%s trains to a loss below %d within %i steps', async (scene, bound, steps) => {
    await visit(`#${scene}`, async (page) => {
      await isAt(page, 'resting');
      await page.focus('#train');
      await page.keyboard.press('Enter');
      await isAt(page, 'training');
      const reached = await trainBelow(page, bound);
      expect(reached.loss, (await page.textContent('#problem')) ?? '').toBeLessThan(bound);
      expect(reached.step).toBeLessThanOrEqual(steps);
      // Every panel has something on it.
      for (const { id } of specs[scene].panels)
        expect(await inkOf(page, `[data-panel="${id}"] canvas`)).toBeGreaterThan(200);
    });
  });

  it('draws while it trains, takes changes, and begins anew only where it has to', async () => {
    await visit('#spirals', async (page) => {
      await isAt(page, 'resting');
      await page.click('#train');
      await page.waitForFunction(() => Number(document.getElementById('step')?.textContent) > 5);
      // What the machine can do at all, busy as it is: an empty page.
      const empty = await page.context().newPage();
      const blank = await framesOf(empty, 1000);
      await empty.close(); // pages behind another draw once a second
      await expect
        .poll(() => framesOf(page, 1500), {
          timeout: 20_000,
          message: `an empty page has ${blank.toFixed(1)} frames a second`,
        })
        .toBeGreaterThan(0.25 * Math.min(60, blank));
      expect(Number(await page.textContent('#step'))).toBeGreaterThan(10);
      await page.selectOption('#solver', 'rk4');
      await page.waitForFunction(() => document.getElementById('nfe')?.textContent?.startsWith('40 +')); // 0.45 in steps of 0.05, four evaluations each
      await page.selectOption('#solver', 'bosh3');
      await page.waitForFunction(() => !document.getElementById('nfe')?.textContent?.startsWith('40 +'));
      expect(Number(await page.textContent('#step'))).toBeGreaterThan(5);
      await page.click('#train');
      await isAt(page, 'resting');
      await page.focus('#augment');
      await page.keyboard.press('ArrowRight');
      await page.waitForFunction(() => document.getElementById('step')?.textContent === '0');
      await page.click('#one');
      await page.waitForFunction(() => document.getElementById('step')?.textContent === '1');
    });
  });

  it('says what to do where there is nothing to learn from, and is drawn on by keys', async () => {
    await visit('#density', async (page) => {
      await isAt(page, 'resting');
      await page.click('[data-points="none"]');
      await page.click('#one');
      await page.waitForSelector('#problem:not([hidden])');
      expect(await page.textContent('#problem')).toContain('Draw some in the left picture');
      await page.focus('canvas[data-drawable]');
      for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowRight');
      await page.waitForTimeout(200);
      const empty = await inkOf(page, 'canvas[data-drawable]');
      await page.keyboard.press(' ');
      await expect.poll(() => inkOf(page, 'canvas[data-drawable]'), { timeout: patience }).toBeGreaterThan(empty + 20);
      await page.click('#one');
      await page.waitForFunction(() => document.getElementById('step')?.textContent === '1');
      expect(await page.isHidden('#problem')).toBe(true);
    });
  });

  it('is reached by Tab, all of it, with a focus that is seen', async () => {
    await visit('#density', async (page) => {
      const expected = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('a, button, select, input, [tabindex="0"]')]
          .filter((element) => element.checkVisibility() && !element.matches(':disabled'))
          .map((element, i) => (element.dataset['tab'] = String(i))),
      );
      const reached = new Set<string>();
      for (let i = 0; i < expected.length; i++) {
        await page.keyboard.press('Tab');
        const { tab, width } = await page.evaluate(() => {
          const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement ?? document.body);
          const { tab = '' } = document.activeElement instanceof HTMLElement ? document.activeElement.dataset : {};
          return { tab, width: outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth) };
        });
        reached.add(tab);
        expect(width, `the outline of element ${tab}`).toBeGreaterThanOrEqual(2);
      }
      expect([...reached].sort()).toEqual([...expected].sort());
    });
  });

  it('fits a screen of 360 pixels, light and dark', async () => {
    await visit(
      '#yours',
      async (page) => {
        const theme = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset['theme']);
        for (const name of [...Object.keys(specs), 'yours']) {
          await page.evaluate((hash) => (location.hash = hash), name);
          await page.waitForSelector(`article.shown[data-scene="${name}"]`);
          expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(360);
        }
        expect(await theme()).toBe('dark');
        await page.emulateMedia({ colorScheme: 'light' });
        await expect.poll(theme).toBe('light');
      },
      { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
    );
  });

  it('stands still for those who ask for less motion', async () => {
    await visit(
      '#yours',
      async (page) => {
        await page.waitForTimeout(300);
        expect(await page.textContent('#play')).toBe('Play the flow');
        const frames = (): Promise<number> => page.evaluate(() => globalThis.playgroundFrames);
        const before = await frames();
        await page.waitForTimeout(400);
        expect(await frames()).toBe(before);
      },
      { reducedMotion: 'reduce' },
    );
  });

  it('draws a model from a file, and refuses what is none', async () => {
    const ode = createOde({ backend: reference(), solver: dopri5() });
    const turn = array([
      [0, 2],
      [-2, 0],
    ]);
    const { exportOnnx } = await import('@node-ode/backend-onnx'); // as the page does
    const file = exportOnnx(
      (y0: Tensor, t: Tensor) => ode.odeint((_t, y: Tensor) => y.matmul(turn), y0, timesTo(t)).ys.at(-1),
      [{ shape: ['batch', 2] }, { shape: [] }],
      { names: ['y0', 't'], nfe: true },
    );
    const [model, text] = [join(folder, 'turn.onnx'), join(folder, 'text.onnx')];
    await writeFile(model, file);
    await writeFile(text, 'no model');
    await visit('#yours', async (page) => {
      const before = await inkOf(page, '[data-panel="yours"] canvas');
      await page.setInputFiles('#file', model);
      await page.waitForFunction(() =>
        document.getElementById('file-status')?.textContent?.includes('flow at any time'),
      );
      expect(await page.textContent('#file-status')).toMatch(/It took \d+ evaluations/);
      await page.waitForTimeout(200);
      expect(await inkOf(page, '[data-panel="yours"] canvas')).toBeGreaterThan(before + 1000);
      await page.setInputFiles('#file', text);
      await page.waitForSelector('#problem:not([hidden])');
      expect(await page.textContent('#problem')).toContain('loadOnnx');
      await page.fill('#to', '-5');
      await page.keyboard.press('Enter');
      await expect.poll(() => page.textContent('#problem')).toContain('from one number to a larger one');
    });
  });

  it.each<[preset: string, what: string, says: RegExp, flags: readonly string[]]>([
    ['moons-cnf', 'log-prob', /^It gives a density; the largest is \d/, ['--set', 'model.hidden=[8]']],
    ['spirals', 'flow', /^It gives the flow at any time\./, ['--set', 'model.hidden=[8]']],
  ])('draws what the command line exports of %s: %s', async (preset, what, says, flags) => {
    const out = join(folder, preset);
    await nodeOde('train', preset, '--steps', '2', '--batch-size', '16', '--out', out, ...flags);
    const file = join(out, `${what}.onnx`);
    await nodeOde('export', out, '--what', what, '--out', file);
    await visit('#yours', async (page) => {
      const before = await inkOf(page, '[data-panel="yours"] canvas');
      await page.setInputFiles('#file', file);
      await expect.poll(() => page.textContent('#file-status'), { timeout: patience }).toMatch(says);
      expect(await page.isHidden('#problem')).toBe(true);
      await expect
        .poll(() => inkOf(page, '[data-panel="yours"] canvas'), { timeout: patience })
        .toBeGreaterThan(before + 1000);
    });
  });

  it('offers what needs a GPU only where there is one', async () => {
    const offered = (page: Page): Promise<string[]> =>
      page.$$eval('#engine option', (options) => options.map((option) => option.getAttribute('value') ?? ''));
    await visit('#spirals', async (page) => {
      const found = await page.evaluate(async () => {
        const gpu =
          'gpu' in navigator ? (navigator.gpu as { requestAdapter(): Promise<{ info?: object } | null> }) : undefined;
        const adapter = await gpu?.requestAdapter();
        const { architecture = '' } = (adapter?.info ?? {}) as { readonly architecture?: string };
        return adapter == null ? 'none' : /swiftshader|llvmpipe/i.test(architecture) ? 'software' : 'hardware';
      });
      const all = ['wasm', 'onnx-webgpu', 'tfjs-webgpu'];
      const said = {
        none: 'where the browser has WebGPU',
        software: 'too slow to be offered',
        hardware: 'here; it pays',
      };
      await expect.poll(() => page.textContent('#engine-hint'), { timeout: patience }).toContain(said[found]);
      expect(await offered(page)).toEqual(found === 'hardware' ? all : ['wasm']);
    });
  });

  it('says why an engine does not start, and trains on with the built-in one', async () => {
    await visit('#yours', async (page) => {
      // A GPU that is gone as soon as an engine asks for it.
      const gone = `Object.defineProperty(navigator, 'gpu', { value: {
        asked: 0,
        async requestAdapter() { return this.asked++ === 0 ? { info: { vendor: 'a', architecture: 'card' } } : null; },
      } });`;
      await page.route('**/worker-*.js', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${gone}\n${await response.text()}` });
      });
      await page.evaluate(() => (location.hash = 'density'));
      await page.waitForSelector('#engine option[value="tfjs-webgpu"]', { state: 'attached' });
      expect(await page.textContent('#engine-hint')).toContain('WebGPU is a card here');
      await page.click('#train');
      await page.waitForFunction(() => Number(document.getElementById('step')?.textContent) > 2);
      await page.selectOption('#engine', 'tfjs-webgpu');
      await page.waitForSelector('#problem:not([hidden])');
      await isAt(page, 'training');
      expect(await page.textContent('#problem')).toMatch(
        /^tfjs-webgpu: it does not start here .*The built-in engine goes on\.$/,
      );
      expect(await page.inputValue('#engine')).toBe('wasm');
      await page.click('#train');
      await isAt(page, 'resting');
      expect(await page.isHidden('#problem')).toBe(true);
    });
  });
});

/** Runs the command line as its users do, and demands that it was right. */
async function nodeOde(...args: readonly string[]): Promise<void> {
  const { run } = await import('@node-ode/cli');
  const told: string[] = [];
  const stderr = new Writable({ write: (chunk, _, done) => (told.push(String(chunk)), done()) });
  const code = await run(args, {
    ...{ stdin: Readable.from([]), stdout: new PassThrough().resume(), stderr, env: {}, cwd: folder },
    signal: new AbortController().signal,
    conditions: ['@node-ode/source', 'node', 'import'],
  });
  expect(code, told.join('')).toBe(0);
}

/** Frames that a page has drawn in a second: those of the playground, or all that an empty page could draw. */
const framesOf = (page: Page, milliseconds: number): Promise<number> =>
  page.evaluate(async (duration) => {
    const begin = performance.now();
    let count = 0;
    const drawn = (): number => ('playgroundFrames' in globalThis ? globalThis.playgroundFrames : count);
    const before = drawn();
    await new Promise<void>((resolve) => {
      const next = (): void => {
        count += 1;
        if (performance.now() - begin > duration) resolve();
        else requestAnimationFrame(next);
      };
      next();
    });
    return (1000 * (drawn() - before)) / (performance.now() - begin);
  }, milliseconds);

/** Times from 0 to t. */
const timesTo = (t: Tensor): Tensor => t.mul(array([0, 1]));

/** What is drawn on a canvas, in pixels of full strength. */
const inkOf = (page: Page, selector: string): Promise<number> =>
  page.$eval(selector, (canvas) => {
    if (!(canvas instanceof HTMLCanvasElement)) return 0;
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let sum = 0;
    for (let i = 3; i < pixels.length; i += 4) sum += (pixels[i] ?? 0) / 255;
    return sum;
  });
