import { array, random, type HostArray, type NodeOdeError, type Tensor } from '@node-ode/core';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { exportedNeuralOde, startsOf, trainingOde } from '../../test/exported-models.ts';
import { countNodes } from '../model/count-nodes.ts';
import { decodeModel } from '../model/decode.ts';
import { encodeModel } from '../model/encode.ts';
import type { OnnxModel } from '../model/ir.ts';
import { exportOnnx } from './export-onnx.ts';
import { loadOnnx } from './load-onnx.ts';

const { file, runs } = await exportedNeuralOde();
const model = await loadOnnx<[Tensor, Tensor, Tensor], Tensor>(file);
afterAll(() => model.dispose());

const refusal = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run();
  } catch (error) {
    return String(error);
  }
  return 'nothing was thrown';
};

/** The kind of the error that loading ends in; a file that loads is disposed of. */
const codeOf = async (bytes: Uint8Array): Promise<string> => {
  try {
    await (await loadOnnx(bytes)).dispose();
    return 'loaded';
  } catch (error) {
    return (error as NodeOdeError).code;
  }
};

describe('a loaded model', () => {
  it('tells its inputs, outputs and metadata', () => {
    expect(model.inputs).toEqual([
      { name: 'y0', dtype: 'f32', shape: ['batch', 2] },
      { name: 'rtol', dtype: 'f32', shape: [] },
      { name: 'atol', dtype: 'f32', shape: [] },
    ]);
    expect(model.outputs).toEqual([
      { name: 'output', dtype: 'f32', shape: [3, 'batch', 2] },
      { name: 'nfe', dtype: 'i32', shape: [] },
      { name: 'status', dtype: 'f32', shape: [4] },
    ]);
    expect(model.metadata).toEqual({ task: 'cubic spiral' });
    const [all, ...others] = model.placement;
    expect([all?.part, all?.provider, others]).toEqual(['model', 'cpu', []]);
    expect(all?.operations).toEqual(expect.arrayContaining(['setRow', 'tanh']));
    expect(all?.nodes).toBe(Object.values(countNodes(decodeModel(file).graph)).reduce((a, b) => a + b));
  });

  it.each(runs)('runs by name: $inputs.y0.shape', async ({ inputs, outputs, tolerance }) => {
    const found = await model.runNamed(inputs);
    for (const [name, { shape, data }] of Object.entries(outputs)) {
      expect(found[name]?.shape).toEqual(shape);
      data.forEach((x, i) => expect(Math.abs((found[name]?.data[i] ?? NaN) - x)).toBeLessThan(tolerance));
    }
    expect([...(found['status']?.data ?? [])][0]).toBe(0);
  });

  it('runs several at a time', async () => {
    const all = await Promise.all(runs.map(({ inputs }) => model.runNamed(inputs)));
    runs.forEach(({ outputs }, i) => expect(all[i]?.['nfe']?.data).toEqual(outputs['nfe']?.data));
  });

  it('is no more after dispose', async () => {
    const other = await loadOnnx(file);
    await other.dispose();
    await other.dispose();
    expect(await refusal(() => other.run(startsOf(1), 1e-3, 1e-3))).toBe(
      'ExecutionError: loadOnnx: the model was disposed. Load it again, or dispose of it later.',
    );
  });
});

describe('dispose', () => {
  it('waits for the runs under way; those that begin after it are refused', async () => {
    const other = await loadOnnx<[Tensor, Tensor, Tensor], Tensor>(file);
    const [before, again] = [other.run(startsOf(2), 1e-6, 1e-6), other.run(startsOf(2), 1e-6, 1e-6)];
    const disposed = other.dispose();
    expect(other.dispose()).toBe(disposed);
    const after = refusal(() => other.run(startsOf(2), 1e-6, 1e-6));
    await disposed;
    expect(await before).toEqual(await model.run(startsOf(2), 1e-6, 1e-6));
    expect(await again).toEqual(await before);
    expect(await after).toMatch(/^ExecutionError: loadOnnx: the model was disposed\./);
  });

  it('and after one that fails', async () => {
    const failing = (y0: Tensor): Tensor => trainingOde().odeint((_t, y: Tensor) => y.log(), y0, [0, 1]).ys;
    const other = await loadOnnx<[Tensor], Tensor>(exportOnnx(failing, [{ shape: [] }]));
    const run = refusal(() => other.run(-1));
    await other.dispose();
    expect(await run).toMatch(/^SolveError/);
  });
});

describe('wrong inputs are refused by name', () => {
  const [y0, rtol] = [startsOf(2), array(1e-3)];
  it.each<readonly [string, () => Promise<unknown>, string]>([
    [
      'another structure',
      () => model.run({ y0 } as unknown as HostArray, 1, 1),
      "TreeError: loadOnnx: the tree has '[0].y0' at leaf 1 of 3; expected '[0]': the same keys and lengths, 3 leaves. Give it the same structure.",
    ],
    [
      'a plain array',
      () => model.run([[1, 0]] as unknown as HostArray, 1, 1),
      'TreeError: loadOnnx: [0] is a plain array of numbers; expected a host array. Make one of it: pass array([[1, 0]]) for [[1, 0]], which is a tree of numbers.',
    ],
    [
      'a list of arrays for an array',
      () => model.run([y0] as unknown as HostArray, 1, 1),
      "TreeError: loadOnnx: the tree has '[0][0]' at leaf 1 of 3; expected '[0]': the same keys and lengths, 3 leaves. Give it the same structure.",
    ],
    [
      'an argument too few',
      () => (model.run as (...args: readonly unknown[]) => Promise<unknown>)(y0, 1),
      "TreeError: loadOnnx: the tree has nothing at leaf 3 of 2; expected '[2]': the same keys and lengths, 3 leaves. Give it the same structure.",
    ],
    [
      'no array',
      () => model.run('y0' as unknown as HostArray, 1, 1),
      'TreeError: loadOnnx: [0] is a string (y0); expected a host array, a number or a boolean, or plain arrays and objects of them.',
    ],
    [
      'another shape',
      () => model.run(array([1, 2]), 1, 1),
      "ShapeError: loadOnnx: input 'y0' is f32[2]; expected f32[batch,2].",
    ],
    [
      'another dtype',
      () => model.run(startsOf(2, 'f64'), 1, 1),
      "DTypeError: loadOnnx: input 'y0' is f64[2,2]; expected f32[batch,2]. Make it with array(…, { dtype: 'f32' }).",
    ],
    [
      'a boolean for a number',
      () => model.run(y0, true, 1),
      "DTypeError: loadOnnx: input 'rtol' is true; expected f32.",
    ],
    [
      'an empty state',
      () => model.run(array(new Float32Array(0), { shape: [0, 2] }), 1, 1),
      "ShapeError: loadOnnx: axis 0 of 'y0' has extent 0; expected a state with at least one element: the function solves an equation.",
    ],
    [
      'a missing input',
      () => model.runNamed({ y0, rtol }),
      "OptionError: loadOnnx: input 'atol' is missing; expected 'y0', 'rtol', 'atol'.",
    ],
    [
      'an unknown input',
      () => model.runNamed({ y0, rtol, atol: rtol, x: rtol }),
      "OptionError: loadOnnx: there is no input 'x'; expected 'y0', 'rtol', 'atol'.",
    ],
  ])('%s', async (_, run, message) => {
    expect(await refusal(run)).toBe(message);
  });
});

describe('a solve that fails is no silent result', () => {
  const ode = trainingOde({ maxSteps: 20 });
  const fails = (f: (t: Tensor, y: Tensor) => Tensor, times: readonly number[]) => (y0: Tensor) =>
    ode.odeint(f, y0, times, { rtol: 1e-6, atol: 1e-8 }).ys;
  it.each([
    ['too many steps', 'maxSteps', fails((t, y) => y.mul(-1).add(t.mul(20).sin()), [0, 100]), 1],
    ['a state that is not finite', 'nonFinite', fails((_t, y) => y.log(), [0, 1]), -1],
  ] as const)('%s', async (_, reason, f, start) => {
    const loaded = await loadOnnx<[Tensor], Tensor>(exportOnnx(f, [{ shape: ['n'] }]));
    const here = await refusal(() => ode.compile(f)(array([start])));
    expect(here).toMatch(/^SolveError/);
    await expect(loaded.run(array([start]))).rejects.toMatchObject({ code: 'SOLVE', reason });
    await expect(loaded.runNamed({ input0: array([start]) })).rejects.toMatchObject({ code: 'SOLVE', reason });
    await loaded.dispose();
  });

  it.each([
    [-1e-3, 1e-5],
    [1e-3, -1e-5],
    [NaN, 1e-5],
    [1e-3, NaN],
    [Infinity, 1e-5],
    [1e-3, -Infinity],
  ])('tolerances that are none: rtol %d, atol %d', async (rtol, atol) => {
    await expect(model.run(startsOf(3), rtol, atol)).rejects.toMatchObject({
      code: 'SOLVE',
      reason: 'invalidTolerances',
    });
    // The output that says so elsewhere: its code is the first number.
    const session = await InferenceSession.create(file);
    const scalar = (x: number): OrtTensor => new OrtTensor('float32', Float32Array.of(x), []);
    const y0 = new OrtTensor('float32', Float32Array.of(1, 0), [1, 2]);
    const { status } = await session.run({ y0, rtol: scalar(rtol), atol: scalar(atol) });
    expect((status?.data as Float32Array)[0]).toBe(5);
    await session.release();
  });

  it('a solve with steps for each sample, beside one with steps for all', async () => {
    const f = (y0: Tensor, rate: Tensor): Tensor => {
      const first = ode.odeint((_t, y: Tensor) => y.neg(), y0, [0, 1]).ys.at(-1);
      // y' = rate·y² blows up at t = 1 / (rate·y)
      return ode.odeint((_t, y: Tensor) => y.square().mul(rate), first, [0, 1], { perSample: true }).ys.at(-1);
    };
    const loaded = await loadOnnx<[Tensor, Tensor], Tensor>(exportOnnx(f, [{ shape: [3, 1] }, { shape: [3, 1] }]));
    expect(loaded.outputs.slice(1).map(({ name, shape }) => [name, shape])).toEqual([
      ['status.f32', [4]],
      ['status.samples.f32', [6]],
    ]);
    const starts = array([[Math.E], [Math.E], [Math.E]]); // 1 at the end of the first
    const { result } = await loaded.run(starts, array([[0], [0.5], [-1]]));
    [1, 2, 0.5].forEach((y, i) => expect(result.data[i]).toBeCloseTo(y, 2));
    await expect(loaded.run(starts, array([[0], [2], [-1]]))).rejects.toMatchObject({ code: 'SOLVE' });
    await loaded.dispose();
  });

  it('times out of order', async () => {
    const f = (y0: Tensor, ts: Tensor): Tensor => ode.odeint((_t, y: Tensor) => y.neg(), y0, ts).ys;
    const loaded = await loadOnnx<[Tensor, Tensor], Tensor>(exportOnnx(f, [{ shape: [] }, { shape: ['time'] }]));
    await expect(loaded.run(1, array([0, 2, 1]))).rejects.toMatchObject({ code: 'SOLVE', reason: 'invalidTimes' });
    expect([...(await loaded.run(1, array([0, 1, 2]))).result.shape]).toEqual([3]);
    await loaded.dispose();
  });
});

describe('files that are none of ours', () => {
  const decoded = decodeModel(file);
  const encoded = (changes: Partial<OnnxModel>): Uint8Array => encodeModel({ ...decoded, ...changes }).bytes;

  it('truncated ones, at any length', async () => {
    const lengths = [
      0,
      1,
      2,
      10,
      100,
      file.length - 1,
      file.length - 30,
      ...Array.from({ length: 40 }, (_, i) => (i * file.length) / 40),
    ];
    for (const length of lengths) expect(await codeOf(file.slice(0, length))).toBe('FORMAT');
  });

  it('damaged ones are refused, or compute the same: what no checksum covers is not run', async () => {
    const rng = random(5);
    const { inputs = {} } = runs[0] ?? {};
    const undamaged = await model.runNamed(inputs);
    let refused = 0;
    for (let i = 0; i < 60; i++) {
      const bytes = file.slice();
      const at = Math.floor(rng.uniform() * bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(rng.uniform() * 8));
      if ((await codeOf(bytes)) === 'FORMAT') {
        refused++;
        continue;
      }
      const loaded = await loadOnnx(bytes);
      expect(await loaded.runNamed(inputs)).toEqual(undamaged);
      await loaded.dispose();
    }
    expect(refused).toBeGreaterThan(30);
  });

  it('a weight that was changed', async () => {
    const graph = {
      ...decoded.graph,
      initializers: decoded.graph.initializers.map((constant) =>
        constant.tensor.elementType === 'float' && constant.tensor.data.length === 32
          ? { ...constant, tensor: { ...constant.tensor, data: constant.tensor.data.map((x) => x * 2) } }
          : constant,
      ),
    };
    expect(await refusal(() => loadOnnx(encoded({ graph })))).toBe(
      'FormatError: loadOnnx: the file is not as it was written: its checksum differs. It was damaged, or another program edited it: copy or export it again.',
    );
  });

  it('a PNG, text, and random bytes', async () => {
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52);
    expect(await codeOf(png)).toBe('FORMAT');
    expect(await codeOf(new TextEncoder().encode('<!doctype html><title>404</title>'))).toBe('FORMAT');
    const rng = random(6);
    for (let i = 0; i < 20; i++) {
      expect(await codeOf(Uint8Array.from({ length: 200 }, () => 256 * rng.uniform()))).toBe('FORMAT');
    }
  });

  it('an ONNX model that others wrote', async () => {
    expect(await refusal(() => loadOnnx(encoded({ metadata: { author: 'someone else' } })))).toBe(
      'FormatError: loadOnnx: the file is an ONNX model that exportOnnx did not write; expected a file of exportOnnx. Run other models with ONNX Runtime itself.',
    );
  });

  it('one of a newer version', async () => {
    const metadata = { ...decoded.metadata, 'node_ode.version': '2' };
    expect(await refusal(() => loadOnnx(encoded({ metadata })))).toBe(
      "FormatError: loadOnnx: the file has version '2' of the format; expected version 1. Update @node-ode/backend-onnx, or export the model again.",
    );
  });

  it('one whose constants are missing, and no bytes at all', async () => {
    const externalData = { location: 'data.bin', threshold: 16 };
    const parts = exportOnnx((x: Tensor) => x.add(array([1, 2, 3, 4])), [{ shape: [4] }], { externalData });
    expect(await refusal(() => loadOnnx(parts.model))).toMatch(
      /^FormatError: .* lies in the side file 'data\.bin'\. Pass \{ model, data \}, with the content of that file as the data\.$/,
    );
    expect(await refusal(() => loadOnnx({ model: parts.model, data: parts.data.slice(0, 8) }))).toMatch(/^FormatError/);
    const damaged = parts.data.map((byte) => byte ^ 1);
    expect(await refusal(() => loadOnnx({ model: parts.model, data: damaged }))).toMatch(/its checksum differs/);
    for (const [nothing, shown] of [
      ['model.onnx', "'model.onnx'"],
      [null, 'null'],
      [undefined, 'undefined'],
      [{}, 'an object'],
      [new ArrayBuffer(8), 'an object'],
    ]) {
      expect(await refusal(() => loadOnnx(nothing as unknown as Uint8Array))).toBe(
        `OptionError: loadOnnx: the file is ${String(shown)}; expected a Uint8Array, or { model, data } of two. Pass await readFile(path), or new Uint8Array(await response.arrayBuffer()).`,
      );
    }
  });
});

it('options are those of onnx()', async () => {
  expect(await refusal(() => loadOnnx(file, { thread: 2 } as object))).toMatch(
    /^OptionError: onnx: there is no option 'thread'/,
  );
  const threaded = await loadOnnx<[Tensor, Tensor, Tensor], Tensor>(file, { threads: 2, optimization: 'basic' });
  expect((await threaded.run(startsOf(1), 1e-5, 1e-5)).nfe).toBe(runs[0]?.outputs['nfe']?.data[0]);
  await threaded.dispose();
});
