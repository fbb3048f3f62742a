// The suite in Chromium, and pages that fail: what is reported, and that it ends. Skipped where there is no Chromium.
import { rm, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { casesMatching } from '../cases/index.ts';
import { formatReport, isSuccess, type Report } from '../report.ts';
import { main, runCases } from '../runner.ts';
import { findChromium, launchChromium } from './chromium.ts';
import { pageHost } from './page-host.ts';

const chromium = await findChromium().then(
  (path) => ({ path, missing: undefined }),
  (error: unknown) => ({ path: '', missing: String(error) }),
);

beforeEach(({ skip }) => {
  skip(chromium.missing !== undefined, chromium.missing);
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-browser-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  const out: string[] = [];
  const code = await main(args, { log: (text) => out.push(text), error: (text) => out.push(text) });
  return { code, out: out.join('\n') };
}

/** Outcomes as they came, and the table, without their numbers of milliseconds. */
const untimed = (report: string): string =>
  report
    .replace(/ \([\d.]+ ms, then [\d.]+\)/g, '')
    .replace(/│ +[\d.]+ │ +[\d.]+ │ (\w+)/g, '│ $1')
    .replace(/[─┬┴┼]+/g, '');

describe('the suite in Chromium', () => {
  it('gives the same report as in Node', async () => {
    const json = join(folder, 'report.json');
    const args = ['--backend', 'reference', '--only', 'order'];
    const inBrowser = await run(...args, '--browser', '--json', json);
    const inNode = await run(...args);
    expect(inBrowser.out).toContain('4 agree, 0 differ, 0 failed, 0 excluded.');
    expect(untimed(inBrowser.out)).toBe(untimed(inNode.out));
    expect([inBrowser.code, inNode.code]).toEqual([0, 0]);
    const report = JSON.parse(await readFile(json, 'utf8')) as Report;
    expect(report).toMatchObject({ success: true, errors: [], unavailable: [] });
    expect(report.outcomes.every(({ firstMs = 0 }) => firstMs > 0)).toBe(true);
  });

  it('runs the WebAssembly engine', async () => {
    const { code, out } = await run('--browser', '--require', 'wasm', '--only', 'order');
    expect(out).toContain('4 agree, 0 differ, 0 failed, 0 excluded.');
    expect(code).toBe(0);
  });

  it('runs ONNX Runtime on the CPU and by WebGPU', async () => {
    const args = ['--browser', '--require', 'onnx-cpu,onnx-webgpu', '--only', 'order: adjoint, f32'];
    const { code, out } = await run(...args);
    expect(out).toContain('2 agree, 0 differ, 0 failed, 0 excluded.');
    expect(code).toBe(0);
  });

  it('says what onnxruntime-web does not have', async () => {
    const { out } = await run('--browser', '--backend', 'onnx-cuda', '--only', 'euler forwards');
    expect(out).toContain("onnx-cuda: onnx: onnxruntime-web has no provider 'cuda'");
  });

  it('says which engines no page has', async () => {
    const args = ['--browser', '--backend', 'reference', '--only', 'euler forwards'];
    const { code, out } = await run(...args, '--require', 'tfjs-node');
    expect(out).toContain('tfjs-node: @tensorflow/tfjs-node is a native addon of Node: no browser has it (required)');
    expect(out).toContain('2 agree');
    expect(code).toBe(1);
  });
});

const agreed = `{ title, backend, result: 'agrees', difference: 0 }`;

/** A page whose cases end as the body of a function says. */
const pageWith = (body: string): string =>
  `globalThis.e2ePage = { open: async () => ({}), dispose: async () => {}, run: async (backend, title) => { ${body} } };`;

/** Runs two cases in a page with that script; what the test does to the page happens while the first of them runs. */
async function reportOf(
  script: string,
  {
    answerWithinMs = 20_000,
    during,
  }: {
    readonly answerWithinMs?: number;
    readonly during?: (page: Page, browser: Browser) => Promise<unknown>;
  } = {},
): Promise<Report> {
  const browser = await launchChromium(chromium.path);
  const host = await pageHost(browser, { script, answerWithinMs });
  const running = runCases({ backends: ['mine'], required: [] }, casesMatching('dopri5 forwards'), host);
  const page = browser.contexts()[0]?.pages()[0];
  if (during !== undefined && page !== undefined) {
    await page.waitForFunction(() => document.title === 'running');
    await during(page, browser).catch(() => undefined); // what ends the page ends this request too
  }
  const report = await running;
  expect(browser.isConnected()).toBe(false);
  return report;
}

const hanging = pageWith(`document.title = 'running'; await new Promise(() => {});`);

describe('a page', () => {
  it('that never answers is given up, and asked no more', async () => {
    const report = await reportOf(hanging, { answerWithinMs: 1000 });
    expect(report.outcomes.map(({ title, result, reason }) => [title, result, reason])).toEqual([
      ['solver: dopri5 forwards, f32', 'failed', expect.stringContaining('the page gave no answer within 1 s')],
      [
        'solver: dopri5 forwards, f64',
        'failed',
        expect.stringContaining("the page was lost at 'solver: dopri5 forwards, f32'"),
      ],
    ]);
    expect(report.errors).toHaveLength(1);
    expect(isSuccess(report)).toBe(false);
  });

  it('that never yields is given up, and ends with the browser', async () => {
    const report = await reportOf(pageWith('for (;;);'), { answerWithinMs: 1000 });
    expect(report.outcomes[0]?.reason).toContain('the page gave no answer within 1 s');
  });

  it('that crashes ends at once', async () => {
    const report = await reportOf(hanging, { during: (page) => page.goto('chrome://crash', { timeout: 5000 }) });
    expect(report.outcomes.map(({ result }) => result)).toEqual(['failed', 'failed']);
    expect(report.outcomes[0]?.reason).toMatch(/crashed/);
    expect(isSuccess(report)).toBe(false);
  });

  it('whose browser goes ends at once', async () => {
    const report = await reportOf(hanging, { during: (_page, browser) => browser.close() });
    expect(report.outcomes.map(({ result }) => result)).toEqual(['failed', 'failed']);
    expect(report.outcomes[0]?.reason).toMatch(/closed/);
  });

  it('fails by an error that nobody caught, and by what it writes as an error', async () => {
    const late = `Promise.reject(new Error('unhandled')); setTimeout(() => { throw new Error('uncaught'); });`;
    const report = await reportOf(pageWith(`${late} console.error('loud'); console.warn('quiet'); return ${agreed};`));
    expect(report.outcomes.map(({ result }) => result)).toEqual(['agrees', 'agrees']);
    for (const said of ['unhandled', 'uncaught', 'loud']) {
      expect(report.errors.filter((error) => error.includes(said))).toHaveLength(2);
    }
    expect(report.errors).toHaveLength(6);
    expect(formatReport(report)).toContain('Errors in the page:\n  solver: dopri5 forwards, f32: ');
    expect(isSuccess(report)).toBe(false);
  });

  it('that does not start is reported with its error', async () => {
    const report = await reportOf(`throw new Error('no engine here');`);
    expect(report.errors[0]).toBe('start: Error: no engine here');
    expect(report.outcomes).toEqual([]);
    expect(formatReport(report)).toContain('No case ran.');
    expect(isSuccess(report)).toBe(false);
  });

  it('sends back numbers that JSON does not have', async () => {
    const report = await reportOf(
      pageWith(`return { title, backend, result: 'differs', difference: NaN, error: Infinity };`),
    );
    expect(report.outcomes[0]).toMatchObject({ difference: NaN, error: Infinity });
  });
});
