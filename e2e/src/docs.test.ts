// The last run of each engine in docs/engines.md: what is written, what is refused, and what has to be there.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { titleOf } from './cases/case.ts';
import { allCases } from './cases/index.ts';
import { enginesPage, sectionsOf, withSections, writeDocs } from './docs.ts';
import type { EngineMachine } from './machine.ts';
import type { Report } from './report.ts';
import type { Outcome } from './run-case.ts';
import { main } from './runner.ts';
import { tfjsNodeVersion } from './tfjs/tfjs-node.ts';

const machine: EngineMachine = {
  date: '2031-02-03T04:05:06.000Z',
  gpus: [{ name: 'Example 9000', driver: '999.1', memory: '80000 MiB' }],
  cpu: 'A CPU',
  cores: 2,
  memoryGiB: 24,
  load: 0,
  system: 'Linux 6',
  node: '20.0.0',
  onnxRuntime: '1.30.0',
  commit: 'abc1234',
  isPage: false,
  vulkanDrivers: undefined,
};
const softwareDriver = '/x/vk_swiftshader_icd.json';

/** All cases, of which the second is excluded. */
const ran = (backend: string): readonly Outcome[] =>
  allCases.map((c, i) =>
    i === 1
      ? { title: titleOf(c), backend, result: 'excluded', reason: 'a | b\nc' }
      : { title: titleOf(c), backend, result: 'agrees', difference: 1e-6, firstMs: 12.34, runMs: 5.67 },
  );

const reportOf = (...backends: readonly string[]): Report => ({
  engines: { 'tfjs-webgpu': { runtime: 'tfjs-core 9.9.9', device: 'webgpu (example)' } },
  outcomes: backends.flatMap(ran),
  unavailable: [],
  missing: [],
  errors: [],
});

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-docs-'));
  file = join(folder, 'engines.md');
  await writeFile(file, '# A page\n\n<!-- the last runs: begin -->\n\n<!-- the last runs: end -->\n\nThe end.\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const page = (): Promise<string> => readFile(file, 'utf8');
const sections = async () => sectionsOf(await page());

describe('the last run of each engine', () => {
  it('has the library, the device, the commit, the date and a table', async () => {
    await writeDocs(reportOf('tfjs-webgpu'), machine, file);
    const text = (await sections()).get('tfjs-webgpu');
    expect(text).toContain('- Library: tfjs-core 9.9.9');
    expect(text).toContain('- Device: webgpu (example)');
    expect(text).toContain('- GPU: Example 9000 (80000 MiB, driver 999.1)');
    expect(text).toContain('- Machine: A CPU, Linux 6, Node 20.0.0');
    expect(text).toContain('- Commit: abc1234');
    expect(text).toContain('- Date: 2031-02-03');
    expect(text).toContain(`${allCases.length - 1} agree, 0 differ, 0 failed, 1 excluded.`);
    expect(text).toContain('Excluded 1: a \\| b c.');
    expect(text).toMatch(/\| solver: euler forwards, f32 +\| +1.0e-6 \| +\| +12.3 \| +5.7 \| agrees +\|/);
  });

  it('takes the place of the one before, and of no other', async () => {
    await writeDocs(reportOf('wasm', 'onnx-cpu'), machine, file);
    const before = await sections();
    await writeDocs(reportOf('onnx-cpu'), { ...machine, date: '2032-01-01T00:00:00.000Z' }, file);
    const after = await sections();
    expect([...after.keys()]).toEqual(['wasm', 'onnx-cpu']);
    expect(after.get('wasm')).toBe(before.get('wasm'));
    expect(after.get('onnx-cpu')).toContain('2032-01-01');
    expect(after.get('onnx-cpu')).toContain('- Library: ONNX Runtime 1.30.0');
    expect(await page()).toMatch(/^# A page\n[\s\S]*\n\nThe end\.\n$/);
  });

  it('is apart from one in a page, or in software', async () => {
    await writeDocs(reportOf('tfjs-webgpu'), machine, file);
    await writeDocs(reportOf('tfjs-webgpu'), { ...machine, gpus: [], vulkanDrivers: softwareDriver }, file);
    await writeDocs(reportOf('tfjs-webgpu', 'wasm'), { ...machine, isPage: true }, file);
    const all = await sections();
    expect([...all.keys()]).toEqual([
      'wasm in Chromium',
      'tfjs-webgpu',
      'tfjs-webgpu in Chromium',
      'tfjs-webgpu on SwiftShader',
    ]);
    expect(all.get('tfjs-webgpu on SwiftShader')).not.toContain('GPU:');
  });

  it.each([
    ['without a GPU', reportOf('onnx-cuda'), { ...machine, gpus: [] }, 'nvidia-smi tells of no GPU'],
    [
      'of some cases',
      { ...reportOf('wasm'), outcomes: ran('wasm').slice(1) },
      machine,
      `${allCases.length - 1} cases on wasm`,
    ],
    ['of no engine', reportOf(), machine, 'no engine ran'],
  ])('is refused %s', async (_what, given, on, message) => {
    const before = await page();
    await expect(writeDocs(given, on, file)).rejects.toMatchObject({
      code: 'OPTION',
      message: expect.stringContaining(message) as string,
    });
    expect(await page()).toBe(before);
  });

  it('needs its place on the page', () => {
    expect(() => withSections('a page without marks', new Map())).toThrow('has no place for the runs');
  });
});

describe('docs/engines.md', () => {
  // In CI the tests on tfjs-node are skipped where it is not installed. That is allowed beside what a real run has shown.
  it('has a whole run of the tfjs-node that is pinned, in which every case agreed', async () => {
    const text = sectionsOf(await readFile(enginesPage, 'utf8')).get('tfjs-node') ?? 'none';
    expect(text).toContain(`- Library: @tensorflow/tfjs-node ${tfjsNodeVersion}`);
    expect(text).toMatch(/^\d+ agree, 0 differ, 0 failed, \d+ excluded\.$/m);
    for (const c of allCases) {
      if (c.dtype === 'f32') expect(text).toContain(`| ${titleOf(c)} `);
    }
  });
});

describe('a report of an earlier run', () => {
  const run = async (...args: readonly string[]) => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await main(args, { log: (text) => out.push(text), error: (text) => err.push(text) });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };

  it('is printed as it was, with its exit code, and nothing runs', async () => {
    const json = join(folder, 'report.json');
    const first = await run('--backend', 'reference', '--only', 'euler forwards', '--json', json);
    const again = await run('--from', json);
    expect(again).toEqual({ ...first, err: '' });
    expect(first.err).toMatch(/^reference: solver: euler forwards, f32: agrees \([\d.]+ ms, then [\d.]+\)$/m);
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({ machine: { node: process.versions.node } });
  });

  it('is refused if it is none', async () => {
    const other = join(folder, 'other.json');
    await writeFile(other, '{"outcomes": 1}');
    for (const path of [other, join(folder, 'missing.json')]) {
      const { code, err } = await run('--from', path);
      expect(code).toBe(2);
      expect(err).toContain('expected a report written by --json');
    }
  });
});
