import { reference } from '@node-ode/backend-reference';
import { array, asTensor, compile, constantStep, createOde, type HostArray, type Tensor } from '@node-ode/core';
import type { MlpParams } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  neuralOde,
  startsOf,
  trainedParams,
  trainingOde,
  untrainedParams,
  withDType,
} from '../../test/exported-models.ts';
import { countNodes } from '../model/count-nodes.ts';
import { decodeModel } from '../model/decode.ts';
import type { OnnxGraph, OnnxNode } from '../model/ir.ts';
import { onnx } from '../onnx.ts';
import { exportOnnx } from './export-onnx.ts';
import { loadOnnx, type HostArgumentOf, type HostResultOf } from './load-onnx.ts';
import type { ExportOptions } from './options.ts';

type Solve = readonly [y0: Tensor, rtol: Tensor, atol: Tensor];

const scalar = { shape: [] } as const;
const specs = [{ shape: ['batch', 2] }, scalar, scalar] as const;
const options = { names: ['y0', 'rtol', 'atol'], nfe: true } as const;

/** Largest distance of two arrays of one shape. */
function distance(a: HostArray, b: HostArray): number {
  expect(a.shape).toEqual(b.shape);
  return Math.max(...Array.from(a.data, (x, i) => Math.abs(x - (b.data[i] ?? NaN))));
}

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return String(error);
  }
  return 'nothing was thrown';
};

const nodesOf = ({ nodes }: OnnxGraph): readonly OnnxNode[] =>
  nodes.flatMap((node) => [
    node,
    ...Object.values(node.attributes).flatMap((x) => (x.kind === 'graph' ? nodesOf(x.value) : [])),
  ]);

describe.each([
  ['untrained', (): Promise<MlpParams> => Promise.resolve(untrainedParams())],
  ['trained', trainedParams],
])('an %s Neural ODE with its adaptive solver', (_, makeParams) => {
  let params: MlpParams;
  beforeAll(async () => {
    params = await makeParams();
  });

  it('in f64: NFE is the training engine’s and so are the outputs, at every tolerance and batch', async () => {
    const solve = neuralOde(withDType(params, 'f64'));
    const model = await loadOnnx<Solve, Tensor>(exportOnnx(solve, specs, { ...options, dtype: 'f64' }));
    const engine = compile(reference(), solve, { dtype: 'f64' });
    for (const [batch, tolerance] of [
      [1, 1e-3],
      [3, 1e-6],
      [17, 1e-9],
      [2, 1e-2],
    ] as const) {
      const y0 = startsOf(batch, 'f64');
      const { result, nfe } = await model.run(y0, tolerance, tolerance);
      const expected = await engine.run(y0, tolerance, tolerance);
      expect(nfe).toBe(expected.stats.nfe);
      // Products are summed in another order: a few roundings for each of up to 100 steps.
      expect(distance(result, await expected.result.read())).toBeLessThan(1e-12);
    }
    await model.dispose();
  });

  it('in f32: rtol from 1e-2 to 1e-6, with NFE rising and the error falling', async () => {
    const solve = neuralOde(params);
    const model = await loadOnnx<Solve, Tensor>(exportOnnx(solve, specs, options));
    const backend = await onnx();
    const engine = compile(backend, solve);
    const y0 = startsOf(17);
    const exact = compile(reference(), neuralOde(withDType(params, 'f64')), { dtype: 'f64' });
    const truth = await (await exact(startsOf(17, 'f64'), 1e-9, 1e-9)).read();
    let before = { nfe: 0, error: Infinity };
    let first = before;
    for (const rtol of [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]) {
      const { result, nfe = NaN } = await model.run(y0, rtol, rtol);
      const expected = await engine.run(y0, rtol, rtol);
      expect(nfe).toBe(expected.stats.nfe);
      expect(distance(result, await expected.result.read())).toBeLessThan(1e-5);
      const error = distance(result, truth);
      expect(nfe).toBeGreaterThanOrEqual(before.nfe);
      // The same steps have the same error; below 2e-6 it is that of f32.
      if (nfe > before.nfe) expect(error).toBeLessThan(Math.max(before.error, 2e-6));
      if (before.nfe === 0) first = { nfe, error };
      before = { nfe, error };
    }
    expect(before.nfe).toBeGreaterThan(first.nfe);
    expect(before.error).toBeLessThan(first.error / 100);
    await model.dispose();
    await backend.dispose();
  });

  // The first step that is chosen is tiny, so that its error estimate is rounding: a single other bit leads to other steps.
  it('in f32, with default options: to the bit what the onnx engine gives, for a batch of 1 too', async () => {
    const backend = await onnx();
    const ode = createOde({ backend, solver: dopri5() });
    const solve = neuralOde(params, ode);
    const model = await loadOnnx<Solve, Tensor>(exportOnnx(solve, specs, options));
    const engine = ode.compile(solve);
    for (const batch of [1, 3]) {
      for (const rtol of [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]) {
        const { result, nfe } = await model.run(startsOf(batch), rtol, rtol);
        const expected = await engine.run(startsOf(batch), rtol, rtol);
        expect(nfe).toBe(expected.stats.nfe);
        expect(result).toEqual(await expected.result.read());
        const ofNumbers = await ode.compile((y0: Tensor) => solve(y0, rtol, rtol)).run(startsOf(batch));
        expect(nfe).toBe(ofNumbers.stats.nfe);
        expect(result).toEqual(await ofNumbers.result.read());
      }
    }
    await model.dispose();
    await backend.dispose();
  });
});

describe('the file', () => {
  const params = untrainedParams();
  const file = exportOnnx(neuralOde(params), specs, { ...options, name: 'spiral', metadata: { author: 'me' } });
  const { graph, opset, metadata } = decodeModel(file);

  it('has the inputs and outputs of the trees, with the named extent', () => {
    expect(opset).toBe(18);
    expect(graph.name).toBe('spiral');
    expect(graph.inputs).toEqual([
      { name: 'y0', elementType: 'float', dims: ['batch', 2] },
      { name: 'rtol', elementType: 'float', dims: [] },
      { name: 'atol', elementType: 'float', dims: [] },
    ]);
    expect(graph.outputs).toEqual([
      { name: 'output', elementType: 'float', dims: [3, 'batch', 2] },
      { name: 'nfe', elementType: 'int32', dims: [] },
      { name: 'status', elementType: 'float', dims: [4] },
    ]);
    expect(metadata).toMatchObject({ author: 'me', 'node_ode.version': '1' });
  });

  it('solves in a Loop whose end depends on the data: as many nodes for any interval', () => {
    const loops = graph.nodes.filter(({ opType }) => opType === 'Loop');
    expect(loops).toHaveLength(1);
    // No trip count: the body's own condition ends it.
    expect(loops[0]?.inputs[0]).toBe('');
    const nodesFor = (times: readonly number[]): Readonly<Record<string, number>> =>
      countNodes(decodeModel(exportOnnx(neuralOde(params, trainingOde(), times), specs, options)).graph);
    expect(nodesFor([0, 1000, 2000])).toEqual(nodesFor([0, 0.01, 0.02]));
  });

  it('holds the parameters: nothing else is large', () => {
    const shapes = graph.initializers
      .filter(({ name }) => name.startsWith('captured_'))
      .map(({ tensor }) => tensor.dims);
    expect(shapes).toEqual([[2, 16], [16], [16, 2], [2]]);
    // Beside the weights there are the coefficients of the method.
    const others = graph.initializers.map(({ tensor }) => tensor.data.length).filter((length) => length > 32);
    expect(others).toEqual([]);
    expect(nodesOf(graph).every(({ opType }) => opType !== 'Constant')).toBe(true);
  });

  it('is the same for the same function', () => {
    const again = exportOnnx(neuralOde(params), specs, { ...options, name: 'spiral', metadata: { author: 'me' } });
    expect(again).toEqual(file);
  });

  it('can have its constants beside it', async () => {
    const externalData = { location: 'spiral.data', threshold: 100 };
    const parts = exportOnnx(neuralOde(params), specs, { ...options, externalData });
    expect(parts.data.length).toBeGreaterThanOrEqual(2 * 32 * 4);
    expect(parts.model.length).toBeLessThan(file.length);
    const [inside, beside] = [await loadOnnx<Solve, Tensor>(file), await loadOnnx<Solve, Tensor>(parts)];
    const [a, b] = [await inside.run(startsOf(2), 1e-3, 1e-3), await beside.run(startsOf(2), 1e-3, 1e-3)];
    expect(a).toEqual(b);
    await Promise.all([inside.dispose(), beside.dispose()]);
    const small = exportOnnx((x: Tensor) => x.neg(), [scalar], { externalData });
    expect(small.data).toHaveLength(0);
    await (await loadOnnx(small)).dispose();
  });
});

/** Exports, loads, runs once and disposes. */
async function through<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  given: Parameters<typeof exportOnnx<A>>[1],
  args: { [I in keyof A]: HostArgumentOf<A[I]> },
  settings: ExportOptions = {},
): Promise<{ readonly result: HostResultOf<R>; readonly nfe?: number }> {
  const model = await loadOnnx<A, R>(exportOnnx(fn, given, settings));
  try {
    return await model.run(...args);
  } finally {
    await model.dispose();
  }
}

describe('trees', () => {
  it('of states, parameters and results keep their structure', async () => {
    const ode = trainingOde();
    const swing = (p: { readonly k: Tensor }, y0: { readonly x: Tensor; readonly v: Tensor }) => {
      const f = (_t: Tensor, y: { readonly x: Tensor; readonly v: Tensor }) => ({ x: y.v, v: y.x.mul(p.k).neg() });
      const { ts, ys } = ode.odeint(f, y0, [0, 1, 2]);
      return { ts, path: [ys.x, { v: ys.v }] as const };
    };
    const args = [{ k: 4 }, { x: array([1, 0.5]), v: array([0, 1]) }] as const;
    const vector = { shape: ['n'] } as const;
    const { result } = await through(swing, [{ k: scalar }, { x: vector, v: vector }], [...args]);
    const expected = await compile(reference(), swing)(...args);
    expect(distance(result.ts, await expected.ts.read())).toBe(0);
    expect(distance(result.path[0], await expected.path[0].read())).toBeLessThan(1e-5);
    expect(distance(result.path[1].v, await expected.path[1].v.read())).toBeLessThan(1e-5);
  });

  it('of every dtype go in and out', async () => {
    const f = (x: { readonly a: Tensor; readonly b: Tensor; readonly c: Tensor; readonly d: Tensor }) => ({
      a: x.a.add(1),
      b: x.b.mul(2),
      c: x.c.add(1),
      d: x.d.not(),
    });
    const given = {
      a: array([1]),
      b: array([0.1], { dtype: 'f64' }),
      c: array([3], { dtype: 'i32' }),
      d: array([true, false]),
    };
    const { result } = await through(f, [given], [given]);
    expect([result.a, result.b, result.c, result.d].map(({ dtype, data }) => [dtype, ...data])).toEqual([
      ['f32', 2],
      ['f64', 0.2],
      ['i32', 4],
      ['bool', 0, 1],
    ]);
  });

  it('an input as a result, one result twice, a constant, and an input that nothing uses', async () => {
    const f = (x: Tensor, _unused: Tensor) => [x, x.neg(), x.neg(), array([7, 8]), 5] as const;
    const { result } = await through(f, [{ shape: ['n'] }, scalar], [array([1, 2]), 0]);
    expect(result.map((x) => [...(x as HostArray).data])).toEqual([[1, 2], [-1, -2], [-1, -2], [7, 8], [5]]);
  });
});

describe('extents that are known when it runs', () => {
  it('times, and how many: a tensor of the arguments', async () => {
    const ode = trainingOde();
    const f = (y0: Tensor, ts: Tensor): Tensor =>
      ode.odeint((t, y: Tensor) => y.mul(t).neg(), y0, ts, { rtol: 1e-7, atol: 1e-9 }).ys;
    const file = exportOnnx(f, [
      { shape: ['batch'], dtype: 'f64' },
      { shape: ['time'], dtype: 'f64' },
    ]);
    expect(decodeModel(file).graph.outputs[0]?.dims).toEqual(['time', 'batch']);
    const model = await loadOnnx<[Tensor, Tensor], Tensor>(file);
    for (const [y0, ts] of [
      [[1], [0, 1]],
      [
        [1, 2, 3],
        [0, 0.5, 1, 1.5, 2, 2.5, 3],
      ],
      [
        [1, 2],
        [2, 1, 0.5],
      ],
    ] as const) {
      const { result } = await model.run(array([...y0], { dtype: 'f64' }), array([...ts], { dtype: 'f64' }));
      expect(result.shape).toEqual([ts.length, y0.length]);
      // y = y₀·exp((t₀² − t²)/2)
      const exact = ts.flatMap((t) => y0.map((y) => y * Math.exp((ts[0] ** 2 - t ** 2) / 2)));
      exact.forEach((y, i) => expect(result.data[i]).toBeCloseTo(y, 5));
    }
    await model.dispose();
  });

  it('products of two of them, sums, means and counts', async () => {
    const f = (x: Tensor) => ({
      flat: x.reshape([(x.shape[0] ?? 0) * (x.shape[1] ?? 0)]),
      mean: x.mean(),
      rows: x.sum({ axes: 1 }),
      size: x.size(),
      count: x.shape[0] ?? 0,
    });
    const file = exportOnnx((x: Tensor) => ({ ...f(x), count: x.size([0]) }), [{ shape: ['a', 'b'] }]);
    const model = await loadOnnx<[Tensor], ReturnType<typeof f> & { count: Tensor }>(file);
    for (const [a, b] of [
      [1, 1],
      [1, 4],
      [3, 1],
      [3, 5],
    ] as const) {
      const x = array(
        Array.from({ length: a * b }, (_, i) => i + 1),
        { shape: [a, b] },
      );
      const { result } = await model.run(x);
      expect([...(result.flat as HostArray).data]).toEqual([...x.data]);
      expect((result.mean as HostArray).data[0]).toBe((a * b + 1) / 2);
      expect((result.rows as HostArray).shape).toEqual([a]);
      expect([(result.size as HostArray).data[0], (result.count as unknown as HostArray).data[0]]).toEqual([a * b, a]);
    }
    await model.dispose();
  });

  it('may be empty where nothing is solved', async () => {
    const { result } = await through(
      (x: Tensor) => x.mul(2).sum({ axes: 1 }),
      [{ shape: ['n', 2] }],
      [array(new Float32Array(0), { shape: [0, 2] })],
    );
    expect(result.shape).toEqual([0]);
  });

  const explain =
    "; expected the same operations for every 'batch', their extents affine in it. Do not branch on x.shape, nor multiply an extent with itself (mixing the samples of a batch), or give the axis a number and export each size.";
  const batch = [{ shape: ['batch', 2] }] as const;

  it('a function that branches on a shape is refused', () => {
    const f = (x: Tensor): Tensor => ((x.shape[0] ?? 0) > 12 ? x.neg() : x.abs());
    expect(refusal(() => exportOnnx(f, batch))).toBe(
      `ShapeError: exportOnnx: 'abs' is not the same for every size: at batch = 11 it does Abs (for 'abs'), at batch = 13 Neg (for 'neg')${explain}`,
    );
  });

  it('and a result that is another tree', () => {
    const rows = (x: Tensor): readonly Tensor[] => Array.from({ length: x.shape[0] ?? 0 }, (_, i) => x.at(i));
    expect(refusal(() => exportOnnx(rows, batch))).toBe(
      'ShapeError: exportOnnx: the result is a tree of 11 tensors at batch = 11, and another of 13 at batch = 13; expected the same tree for every size. Return one tensor with an axis for it, such as stack(…) gives.',
    );
  });

  it('sizes are none that the function’s weights have', () => {
    const traced: number[] = [];
    const weights = array(new Float32Array(2 * 13), { shape: [2, 13] });
    exportOnnx((x: Tensor) => {
      traced.push(x.shape[0] ?? 0);
      return x.matmul(weights);
    }, batch);
    expect(traced).toEqual([11, 17, 19]);
  });

  it('and a number that was made of a shape', () => {
    expect(refusal(() => exportOnnx((x: Tensor) => x.sum().div(x.shape[0] ?? 0), batch))).toMatch(
      /^ShapeError: exportOnnx: '(mul|div)' is not the same for every size: at batch = 11 it uses .*which is a number that the function made of an extent\. Use x\.size\(\) or x\.mean\(\), which are computed when the model runs;/,
    );
  });

  it('and samples that are mixed: batch·batch', () => {
    const mix = (x: Tensor): Tensor => {
      const n = x.shape[0] ?? 0;
      return x.matmul(x.transpose()).reshape([n * n]);
    };
    expect(refusal(() => exportOnnx(mix, batch))).toBe(
      `ShapeError: exportOnnx: 'reshape' is not the same for every size: at batch = 11 it uses [121], at batch = 13 [169], which is no affine function of 'batch'${explain}`,
    );
  });

  it('sizes at which the function can not be traced are named, and can be chosen', async () => {
    const halves = (x: Tensor): Tensor => x.reshape([2, (x.shape[0] ?? 0) / 2]);
    expect(refusal(() => exportOnnx(halves, [{ shape: ['n'] }]))).toMatch(
      /^ShapeError: exportOnnx: with n = 11: .*[^.]\. A named extent must be free: where the function takes only some sizes, give three of them in `sizes`, or a number in the spec\.$/,
    );
    const even = { sizes: { n: [4, 6, 10] } } as const;
    expect(refusal(() => exportOnnx(halves, [{ shape: ['n'] }], even))).toMatch(/no affine function of 'n'/);
    const { result } = await through((x: Tensor) => x.add(1), [{ shape: ['n'] }], [array([1])], even);
    expect([...result.data]).toEqual([2]);
  });
});

describe('refusals', () => {
  const identity = (x: Tensor): Tensor => x.neg();
  const untyped = exportOnnx as (...args: readonly unknown[]) => unknown;
  it.each<readonly [string, () => unknown, string]>([
    [
      'nfe where nothing is solved',
      () => exportOnnx(identity, [1], { nfe: true }),
      'OptionError: exportOnnx: nfe for a function that solves nothing; expected a function that calls odeint.',
    ],
    [
      'metadata under our keys',
      () => exportOnnx(identity, [1], { metadata: { 'node_ode.version': '7' } }),
      "OptionError: exportOnnx: metadata 'node_ode.version' is ours; expected strings, under keys that do not begin with 'node_ode.'. Write numbers and objects with JSON.stringify.",
    ],
    [
      'metadata that are no strings',
      () => exportOnnx(identity, [1], { metadata: { epochs: 7 as unknown as string } }),
      "OptionError: exportOnnx: metadata 'epochs' is number; expected strings, under keys that do not begin with 'node_ode.'. Write numbers and objects with JSON.stringify.",
    ],
    [
      'a function that returns nothing',
      () => exportOnnx(() => [], []),
      'TreeError: exportOnnx: the function returns no tensor; expected at least one.',
    ],
    [
      'a leaf that is no spec',
      () => exportOnnx(identity, ['f32' as unknown as number]),
      'TreeError: exportOnnx: [0] is a string (f32); expected a spec { shape, dtype? }, a host array or a number, or plain arrays and objects of them.',
    ],
    [
      'an input called as the status',
      () =>
        exportOnnx((y: Tensor) => trainingOde().odeint((_, x: Tensor) => x.neg(), y, [0, 1]).ys, [1], {
          names: ['status'],
        }),
      "OptionError: exportOnnx: an input or a result has the name 'status'; expected another name: 'status' is the output that tells whether a solve failed. Rename the key of the tree, or give the argument another name in `names`.",
    ],
    [
      'shapes that do not fit the function',
      () => exportOnnx((x: Tensor) => x.add(asTensor(array([1, 2, 3]))), [{ shape: [2] }]),
      'ShapeError: add: ',
    ],
    [
      'a spec too few',
      () => untyped((x: Tensor, y: Tensor) => x.add(y.neg()), [1]),
      "OptionError: exportOnnx: the function takes 2 arguments, and the specs are 1: Cannot read properties of undefined (reading 'neg'); expected one spec for each argument. Add { shape: […] } for each argument that is missing.",
    ],
    [
      'a dtype of a spec',
      () => untyped(identity, [{ shape: [2], dtype: 'f16' }]),
      "OptionError: exportOnnx: argument [0] has dtype 'f16'; expected f32, f64, i32, bool.",
    ],
    [
      'an extent that is no size, beside a named one',
      () => exportOnnx(identity, [{ shape: ['n', -1] }]),
      'ShapeError: exportOnnx: argument [0] has the extent -1; expected whole numbers that are not negative.',
    ],
    [
      'a result that is no tensor',
      () => untyped(() => 'y', []),
      'TreeError: exportOnnx: the value is a string (y); expected a tensor',
    ],
    [
      'an unknown option',
      () => untyped(identity, [1], { nef: true }),
      "OptionError: exportOnnx: there is no option 'nef'; expected metadata, name, names, nfe, dtype, sizes, externalData.",
    ],
  ])('%s', (_, run, message) => {
    expect(refusal(run).slice(0, message.length)).toBe(message);
  });
});

it('a solve of fixed steps has its failures too', async () => {
  const ode = trainingOde({ controller: constantStep({ h: 0.1 }), maxSteps: 5 });
  const f = (y0: Tensor): Tensor => ode.odeint((_, y: Tensor) => y.neg(), y0, [0, 1]).ys;
  await expect(through(f, [scalar], [1])).rejects.toMatchObject({ code: 'SOLVE', reason: 'maxSteps', steps: 5 });
});
