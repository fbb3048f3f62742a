// The last run on a GPU in docs/engines.md: what is written, and what is refused.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeRun, withRun, writeDocs } from './docs.ts';
import type { Machine } from './machine.ts';
import type { Report } from './report.ts';
import { main } from './runner.ts';

const machine: Machine = {
  date: '2031-02-03T04:05:06.000Z',
  gpus: [{ name: 'Example 9000', driver: '999.1', memory: '80000 MiB' }],
  cpu: 'A CPU',
  system: 'Linux 6',
  node: '20.0.0',
  onnxRuntime: '1.30.0',
  vulkanDrivers: undefined,
};

const report: Report = {
  outcomes: [
    {
      title: 'solver: a, f32',
      backend: 'onnx-webgpu',
      result: 'agrees',
      difference: 1e-6,
      firstMs: 12.34,
      runMs: 5.67,
    },
    { title: 'solver: a, f64', backend: 'onnx-webgpu', result: 'excluded', reason: 'a | b\nc' },
  ],
  unavailable: [{ name: 'onnx-cuda', reason: 'no library' }],
  missing: [],
  errors: [],
};

const page = fileURLToPath(new URL('../../docs/engines.md', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-docs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the last run on a GPU', () => {
  it('is a table with the date, the card, its driver and the versions', () => {
    const text = describeRun(report, machine);
    expect(text).toContain('2031-02-03, Example 9000 (80000 MiB, driver 999.1), A CPU, Linux 6, Node 20.0.0');
    expect(text).toContain('onnxruntime-node 1.30.0');
    expect(text).toContain('1 agree, 0 differ, 0 failed, 1 excluded.');
    expect(text).toContain('| solver: a, f32 | onnx-webgpu | 1.0e-6 |  | 12.3 | 5.7 | agrees |');
    expect(text).toContain('excluded: a \\| b c |');
    expect(text).toContain('- onnx-cuda was not available: no library');
  });

  it('takes the place of the one before, and of nothing else', async () => {
    const file = join(folder, 'engines.md');
    const before = await readFile(page, 'utf8');
    await writeFile(file, before);
    await writeDocs(report, machine, file);
    await writeDocs(report, { ...machine, date: '2032-01-01T00:00:00.000Z' }, file);
    const after = await readFile(file, 'utf8');
    expect(after).toContain('2032-01-01, Example 9000');
    expect(after).not.toContain('2031-02-03');
    expect(after.split('<!--')[0]).toBe(before.split('<!--')[0]);
    expect(() => withRun('a page without marks', '')).toThrow('has no place for the run');
  });

  it.each([
    ['without a GPU', report, { ...machine, gpus: [] }, 'nvidia-smi tells of no GPU'],
    ['on SwiftShader', report, { ...machine, vulkanDrivers: '/x/vk_swiftshader_icd.json' }, 'in software'],
    ['on the CPU alone', { ...report, outcomes: [] }, machine, 'no case ran on a GPU'],
  ])('is refused %s', async (_what, given, on, message) => {
    await expect(writeDocs(given, on, join(folder, 'none.md'))).rejects.toMatchObject({
      code: 'OPTION',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('a report of an earlier run', () => {
  const run = async (...args: readonly string[]) => {
    const out: string[] = [];
    const code = await main(args, { log: (text) => out.push(text), error: (text) => out.push(text) });
    return { code, out: out.join('\n') };
  };

  it('is printed as it was, with its exit code, and nothing runs', async () => {
    const file = join(folder, 'report.json');
    const first = await run('--backend', 'reference', '--only', 'euler forwards', '--json', file);
    const again = await run('--from', file);
    expect(again).toEqual(first);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ machine: { node: process.versions.node } });
  });

  it('is refused if it is none', async () => {
    const file = join(folder, 'other.json');
    await writeFile(file, '{"outcomes": 1}');
    for (const path of [file, join(folder, 'missing.json')]) {
      const { code, out } = await run('--from', path);
      expect(code).toBe(2);
      expect(out).toContain('expected a report written by --json');
    }
  });
});
