/** Exported files in Python: the ONNX checker, and ONNX Runtime without anything of ours. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, asTensor, type HostArray, type Tensor } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exportedModels,
  lossAndGradient,
  neuralOde,
  startsOf,
  trainedParams,
  untrainedParams,
  withDType,
  type ExportedModel,
} from '../../test/exported-models.ts';
import { image, imageTraining } from '../../test/image-training.ts';
import { exportOnnx } from './export-onnx.ts';

const python = process.env['NODE_ODE_PYTHON'];
const reason = python === undefined ? ' (skipped: NODE_ODE_PYTHON names no Python with onnx and onnxruntime)' : '';

/** Checks a model, runs it on each of the feeds, and writes the outputs as JSON. */
const script = `
import json, sys
import numpy, onnx, onnxruntime
path, feeds = sys.argv[1], json.load(open(sys.argv[2]))
onnx.checker.check_model(path, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
dtypes = {"f32": numpy.float32, "f64": numpy.float64, "i32": numpy.int32, "bool": numpy.bool_}
outputs = []
for feed in feeds:
    arrays = {k: numpy.array(x["data"], dtypes[x["dtype"]]).reshape(x["shape"]) for k, x in feed.items()}
    names = [x.name for x in session.get_outputs()]
    found = zip(names, session.run(names, arrays))
    outputs.append({k: {"shape": list(x.shape), "data": x.flatten().tolist()} for k, x in found})
json.dump(outputs, sys.stdout)
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-onnx-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Outputs = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;

async function runInPython(
  file: Uint8Array,
  feeds: readonly Readonly<Record<string, HostArray>>[],
  data?: Uint8Array,
): Promise<readonly Outputs[]> {
  const [model, given] = [join(folder, 'model.onnx'), join(folder, 'feeds.json')];
  const plain = feeds.map((feed) =>
    Object.fromEntries(Object.entries(feed).map(([name, x]) => [name, { ...x, data: Array.from(x.data) }])),
  );
  await writeFile(model, file);
  if (data !== undefined) await writeFile(join(folder, 'model.data'), data);
  await writeFile(given, JSON.stringify(plain));
  const { output, messages } = await new Promise<{ readonly output: string; readonly messages: string }>(
    (resolve, reject) => {
      execFile(
        python ?? '',
        ['-c', script, model, given],
        { timeout: 60_000, maxBuffer: 1e8 },
        (error, stdout, stderr) => {
          if (error === null) resolve({ output: stdout, messages: stderr });
          else reject(new Error(stderr === '' ? error.message : stderr));
        },
      );
    },
  );
  // What it says about a model; which devices it finds is the machine's matter.
  const warnings = messages
    .split('\n')
    .filter((line) => /\[[WE]:onnxruntime/.test(line) && !/device_discovery/.test(line));
  expect(warnings).toEqual([]);
  return JSON.parse(output) as readonly Outputs[];
}

describe.skipIf(python === undefined)(`in Python${reason}`, { timeout: 120_000 }, () => {
  const expectRuns = async ({ file, runs }: ExportedModel): Promise<void> => {
    const found = await runInPython(
      file,
      runs.map(({ inputs }) => inputs),
    );
    runs.forEach(({ outputs, tolerance }, i) => {
      for (const [name, { shape, data }] of Object.entries(outputs)) {
        expect(found[i]?.[name]?.shape).toEqual(shape);
        data.forEach((x, k) => expect(Math.abs((found[i]?.[name]?.data[k] ?? NaN) - x)).toBeLessThan(tolerance));
      }
    });
  };

  it('every exported model passes the full check, and gives what the training engine gave', async () => {
    for (const exported of await exportedModels()) await expectRuns(exported);
  });

  it('and in f64, with its weights beside it', async () => {
    const params = withDType(await trainedParams(), 'f64');
    const { model, data } = exportOnnx(neuralOde(params), [{ shape: ['batch', 2] }, { shape: [] }, { shape: [] }], {
      dtype: 'f64',
      names: ['y0', 'rtol', 'atol'],
      nfe: true,
      externalData: { location: 'model.data', threshold: 64 },
    });
    expect(data.length).toBeGreaterThan(0);
    const tolerance = (x: number): HostArray => array(x, { dtype: 'f64' });
    const feed = (x: number) => ({ y0: startsOf(2, 'f64'), rtol: tolerance(x), atol: tolerance(x) });
    const [loose, tight, tightest] = await runInPython(model, [feed(1e-3), feed(1e-8), feed(1e-10)], data);
    const nfe = (run: Outputs | undefined): number => run?.['nfe']?.data[0] ?? NaN;
    expect(nfe(loose)).toBeLessThan(nfe(tight));
    tight?.['output']?.data.forEach((y, i) => expect(y).toBeCloseTo(tightest?.['output']?.data[i] ?? NaN, 6));
  });

  it.each([
    ['backprop', lossAndGradient(backprop(), { maxSteps: 30 })],
    ['adjoint', lossAndGradient(adjoint(), { maxSteps: 200 })],
  ])('training steps of adaptive steps by %s pass, without a warning', async (_, step) => {
    const state = { shape: ['batch', 2] } as const;
    const file = exportOnnx(step, [untrainedParams(), state, state], { nfe: true });
    expect(await runInPython(file, [])).toEqual([]);
  });

  it.each(['f32', 'f64'] as const)(
    'an ODE of convolutions in %s, with its gradients, passes without a warning',
    async (dtype) => {
      const { params, step } = imageTraining(dtype);
      const file = exportOnnx(step, [params, { shape: ['batch', ...image], dtype }], { nfe: true });
      expect(await runInPython(file, [])).toEqual([]);
    },
  );

  it('a failed solve shows in `status`', async () => {
    const solve = neuralOde(await trainedParams());
    const times = (y0: Tensor): Tensor => solve(y0, asTensor(array(NaN)), asTensor(array(1e-3)));
    const [found] = await runInPython(exportOnnx(times, [{ shape: [3, 2] }], { names: ['y0'] }), [{ y0: startsOf(3) }]);
    expect(found?.['status']?.data[0]).not.toBe(0);
  });
});
