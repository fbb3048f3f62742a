import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { backend, f32, f64, refusal } from '../../test/support.ts';
import { checkGraph } from '../graph/check.ts';
import { formatType } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { createOde } from './create-ode.ts';
import { compile } from './compile.ts';
import { traceFunction } from './trace-function.ts';

const typesOf = (values: readonly { readonly type: Parameters<typeof formatType>[0] }[]): readonly string[] =>
  values.map(({ type }) => formatType(type));

describe('traceFunction', () => {
  const weights = f64([1, 2]);
  const f = (p: { readonly w: Tensor; readonly flag: Tensor }, [x, n]: readonly [Tensor, Tensor]) => ({
    y: x.mul(weights.data.length).add(p.w),
    rest: [p.flag, n.add(1), x.add(weights)],
  });
  const traced = traceFunction(f, [{ w: { shape: [3, 2], dtype: 'f64' }, flag: true }, [f64([[0, 0]]), 5]]);

  it('gives a closed graph: captured arrays, then the leaves of the arguments', () => {
    checkGraph(traced.graph);
    expect(traced.constants).toEqual([weights]);
    expect(typesOf(traced.graph.inputs)).toEqual(['f64[2]', 'bool[]', 'f64[3,2]', 'f64[1,2]', 'f32[]']);
    expect(traced.arguments.paths).toEqual(['[0].flag', '[0].w', '[1][0]', '[1][1]']);
  });

  it('and the structure of its result, then the reports', () => {
    expect(traced.result.paths).toEqual(['rest[0]', 'rest[1]', 'rest[2]', 'y']);
    expect(typesOf(traced.graph.outputs)).toEqual(['bool[]', 'f32[]', 'f64[1,2]', 'f64[3,2]']);
    expect(traced.reports).toEqual([]);
  });

  it('numbers, and specs without a dtype, have that of the options', () => {
    const { graph } = traceFunction((x: Tensor, y: Tensor) => [x, y, 1], [3, { shape: [2] }], { dtype: 'f64' });
    expect(typesOf(graph.outputs)).toEqual(['f64[]', 'f64[2]', 'f64[]']);
  });

  it('is what an engine runs: a solve with its reports', async () => {
    const ode = createOde({ backend, solver: dopri5() });
    const solve = (y0: Tensor, rtol: Tensor) => ode.odeint((_, y: Tensor) => y.neg(), y0, [0, 1], { rtol }).ys;
    const { graph, reports } = traceFunction(solve, [{ shape: [2] }, 1e-3], {
      composites: ['linearCombination', 'errorNorm'],
    });
    expect(reports).toContain('nfe');
    expect(reports).toContain('solve.failure.f32');
    const executable = await backend.compile(graph);
    const inputs = await Promise.all([f32([1, 2]), f32(1e-3)].map((x) => backend.upload(x)));
    const [ys, ...rest] = await executable.run(inputs);
    const expected = await compile(backend, solve).run(f32([1, 2]), 1e-3);
    expect((await ys?.read())?.data).toEqual((await expected.result.read()).data);
    expect((await rest[reports.indexOf('nfe')]?.read())?.data[0]).toBe(expected.stats.nfe);
  });

  it('keeps the composites that it is told to keep, and decomposes the others', () => {
    const operations = (composites: readonly ('softplus' | 'mean')[]) =>
      traceFunction((x: Tensor) => x.softplus().mean(), [{ shape: [4] }], { composites }).graph.nodes.map((n) => n.op);
    expect(operations(['softplus', 'mean'])).toEqual(['softplus', 'mean']);
    expect(operations(['mean'])).not.toContain('softplus');
    expect(operations([])).toContain('sum');
  });

  it('traces for each call anew: nothing is kept', () => {
    let calls = 0;
    const count = (x: Tensor): Tensor => {
      calls++;
      return x;
    };
    traceFunction(count, [1]);
    traceFunction(count, [1]);
    expect(calls).toBe(2);
  });
});

describe('refusals', () => {
  const identity = (x: Tensor): Tensor => x;
  it('name the leaf that is no spec, the extent and the dtype', async () => {
    expect(await refusal(() => traceFunction(identity, ['x' as never]))).toBe(
      'TreeError: traceFunction: [0] is a string (x); expected a spec { shape, dtype? }, a host array or a number, or plain arrays and objects of them.',
    );
    expect(await refusal(() => traceFunction(identity, [{ shape: [2, 0.5] }]))).toBe(
      'ShapeError: traceFunction: argument [0] has the extent 0.5; expected whole numbers that are not negative.',
    );
    expect(await refusal(() => traceFunction(identity, [{ shape: [], dtype: 'f16' as never }]))).toBe(
      "OptionError: traceFunction: argument [0] has dtype 'f16'; expected f32, f64, i32, bool.",
    );
  });

  it('a tensor of another function being traced', async () => {
    const nested = (x: Tensor): Tensor => {
      traceFunction(() => x.add(1), []);
      return x;
    };
    expect(await refusal(() => traceFunction(nested, [1]))).toMatch(
      /^TraceError: traceFunction: the function uses a tensor f32\[\] of another function being traced/,
    );
  });
});

it('a tree with a key `shape` is a tree', () => {
  const { arguments: structure } = traceFunction(
    (x: { readonly shape: readonly [Tensor] }) => x.shape[0],
    [{ shape: [{ shape: [2] }] }],
  );
  expect(structure.paths).toEqual(['[0].shape[0]']);
});
