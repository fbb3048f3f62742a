/** What becomes of a graph: which operations share a loop, which values share memory, what is copied. */
import {
  compile,
  cond,
  conv2d,
  createOde,
  pid,
  array,
  whileLoop,
  type Backend,
  type Graph,
  type Tensor,
  valueAndGrad,
  vjp,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { wasm } from '../index.ts';
import { nativeComposites, planGraph } from './index.ts';
import { constantVariable, FunctionPlan, roleKey, type Role } from './plan.ts';
import type { LoopStep, Step } from './steps.ts';

/** Compiles nothing: its graphs are what the engine would get. */
const tracer = {
  name: 'wasm',
  capabilities: { dtypes: ['f32', 'f64', 'i32', 'bool'], composites: nativeComposites },
} as unknown as Backend;

const zeros = (...shape: readonly number[]) => array(new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape });

type Traced = (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[];

const graphOf = (fn: Traced, ...shapes: readonly (readonly number[])[]): Graph =>
  compile(tracer, fn as (...inputs: Tensor[]) => readonly Tensor[]).graph(...shapes.map((shape) => zeros(...shape)));

/** Every function of a graph, the main one last. */
function functionsOf(graph: Graph): readonly FunctionPlan[] {
  const plans = new Map<string, FunctionPlan>();
  const names = new Map<Graph, number>();
  let slots = 0;
  const functionOf = (called: Graph, role: Role): FunctionPlan => {
    if (!names.has(called)) names.set(called, names.size);
    const key = `${names.get(called)} ${roleKey(role)}`;
    const known = plans.get(key);
    if (known !== undefined) return known;
    const plan = new FunctionPlan(
      called,
      role,
      { functionOf, constantTensor: constantVariable, target: { threads: 1 } },
      () => (slots += 8),
    );
    plans.set(key, plan);
    return plan;
  };
  functionOf(graph, { kind: 'call' });
  return [...plans.values()];
}

const mainOf = (graph: Graph): FunctionPlan => functionsOf(graph).at(-1)!;
const stepsOf = (fn: Traced, ...shapes: readonly (readonly number[])[]): readonly Step[] =>
  mainOf(graphOf(fn, ...shapes)).scope.steps;
const membersOf = (step: Step | undefined): readonly string[] =>
  (step as LoopStep).members.map(({ operation }) => operation.op);

describe('loops', () => {
  it('hold a chain of operations, with broadcasts, constants and sums', () => {
    const steps = stepsOf((x, b) => x.add(b).tanh().mul(2).sum(), [20, 50], [50]);
    expect(steps.map(({ kind }) => kind)).toEqual(['loop']);
    expect(membersOf(steps[0])).toEqual(['add', 'tanh', 'mul', 'sum']);
  });

  it('end where a sum has to be complete', () => {
    const steps = stepsOf((x) => x.sub(x.mean()).square(), [20, 50]);
    expect(steps.map((step) => membersOf(step))).toEqual([['mean'], ['sub', 'mul']]);
  });

  it('take operations without common operands too: an optimiser is one pass for each parameter', () => {
    const steps = stepsOf(
      (v, g, p) => {
        const next = v.mul(0.99).add(g.square().mul(0.01));
        return [next, p.sub(g.div(next.sqrt().add(1e-8)).mul(1e-3))];
      },
      [50],
      [50],
      [50],
    );
    expect(steps.map(({ kind }) => kind)).toEqual(['loop']);
  });

  it('follow a product into its store', () => {
    const steps = stepsOf((x, w, b) => x.matmul(w).add(b).tanh(), [20, 2], [2, 50], [50]);
    expect(steps.map(({ kind }) => kind)).toEqual(['loop']);
    expect((steps[0] as LoopStep).product).toBeDefined();
    expect(membersOf(steps[0])).toEqual(['add', 'tanh']);
  });

  it('are one for each stage of a Runge–Kutta step, and one for the error with its norm and its check', () => {
    const ode = createOde({ backend: tracer, solver: dopri5() });
    const solve = graphOf((y0) => ode.odeint((_t, y: Tensor) => y.tanh(), y0!, [0, 1]).ys, [20, 2]);
    const step = functionsOf(solve).find(({ callees, carries }) => callees.size > 0 && carries.length > 0)!;
    const loops = step.scope.steps.filter(({ kind }) => kind === 'loop').map(membersOf);
    expect(loops.map((members) => members.join(' '))).toEqual([
      ...Array<string>(6).fill('linearCombination'),
      'linearCombination scaledSquares isFinite cast reduceMin isFinite cast reduceMin',
    ]);
  });

  it('need no copies for reshape, transpose, slice and broadcasts', () => {
    const steps = stepsOf(
      (x, y) =>
        x
          .transpose()
          .slice([1, 0], [2, 4])
          .add(y.reshape([2, 1])),
      [4, 5],
      [2],
    );
    expect(steps.map(({ kind }) => kind)).toEqual(['loop']);
    expect(membersOf(steps[0])).toEqual(['add']);
  });

  it('read transposed operands of products where they are', () => {
    const [step] = stepsOf((x, y) => x.transpose().matmul(y), [30, 20], [30, 10]);
    expect((step as LoopStep).product).toMatchObject({ kind: 'matmul', transposeA: true });
  });

  it('hold convolutions, their input gradients and what follows them', () => {
    const steps = stepsOf(
      (x, kernel, bias) => {
        const { value, pullback } = vjp(
          (image: Tensor) => conv2d(image, kernel, { padding: 1 }).add(bias).maximum(0),
          x,
        );
        return pullback(value).add(x);
      },
      [8, 4, 6, 6],
      [4, 4, 3, 3],
      [4, 1, 1],
    );
    expect(steps.map((step) => [step.kind, (step as LoopStep).product?.kind])).toEqual([
      ['loop', 'convolution'],
      ['loop', 'convolution'],
    ]);
    expect(membersOf(steps[0]).slice(0, 2)).toEqual(['add', 'maximum']);
    expect(membersOf(steps[1])).toEqual(['add']);
  });
});

const bytes = (...shape: readonly number[]): number => 4 * shape.reduce((a, b) => a * b, 1);
const count = (x: Tensor): Tensor => x.sum().mul(0).cast('i32');

describe('memory', () => {
  it('is shared by values that are not alive together', () => {
    const chain = (x: Tensor): Tensor => x.sub(x.max()).exp();
    const graph = graphOf(
      (x) =>
        chain(
          chain(chain(chain(chain(x!))))
            .sum({ axes: [0], keepDims: true })
            .add(x!),
        ),
      [100, 100],
    );
    expect(planGraph(graph).arenaBytes).toBeLessThan(2.2 * bytes(100, 100));
  });

  it('of a buffer that a loop fills is one', () => {
    const fill = (x: Tensor): Tensor =>
      whileLoop(
        { i: count(x), rows: x.mul(0) },
        ({ i }) => i.less(100),
        ({ i, rows }) => ({
          carry: { i: i.add(1), rows: rows.setRow(i, 1) },
        }),
      ).carry.rows;
    const graph = graphOf((x) => fill(x!), [100, 1000]);
    // It is where the caller wants the result: the arena holds one row.
    expect(planGraph(graph).arenaBytes).toBeLessThan(bytes(1000) + 1024);
    expect(functionsOf(graph)[0]!.carries.map(({ isInPlace }) => isInPlace)).toEqual([false, true]);
  });

  it('of a buffer that a branch within a loop fills is one', () => {
    const fill = (x: Tensor): Tensor =>
      whileLoop(
        { i: count(x), rows: x.mul(0) },
        ({ i }) => i.less(100),
        ({ i, rows }) => ({
          carry: {
            i: i.add(1),
            rows: cond(
              i.greater(50),
              { i, rows },
              (o) => o.rows.setRow(o.i, 1),
              (o) => o.rows,
            ),
          },
        }),
      ).carry.rows;
    const graph = graphOf((x) => fill(x!), [100, 1000]);
    expect(planGraph(graph).arenaBytes).toBeLessThan(bytes(1000) + 1024);
  });

  it('of a carried tensor is two buffers that swap, accepted or not', () => {
    const iterate = (x: Tensor): Tensor =>
      whileLoop(
        { i: count(x), y: x },
        ({ i }) => i.less(100),
        ({ i, y }) => {
          const next = y.mul(0.5).add(1);
          return {
            carry: {
              i: i.add(1),
              y: cond(
                next.mean().less(10),
                [next, y],
                ([a]) => a!,
                ([, b]) => b!,
              ),
            },
          };
        },
      ).carry.y;
    const graph = graphOf((x) => iterate(x!), [1000]);
    const [body] = functionsOf(graph);
    expect(body!.carries[1]).toEqual({ isInPlace: false, isEither: true });
    expect(body!.frameBytes).toBe(0);
  });

  it('that is still read is copied before it is written to', async () => {
    const backend = await wasm();
    const forks: readonly Traced[] = [
      (x) => [x!.setRow(0, 9), x!],
      (x) => [x!, x!.setRow(0, 9)],
      (x) => {
        const twice = x!.mul(2).mul(0.5);
        return [twice.setRow(0, 9), twice];
      },
      (x) => {
        const { a, b } = whileLoop(
          { i: count(x!), a: x!.mul(2), b: x!.mul(3) },
          ({ i }) => i.less(2),
          ({ i, a: last }) => {
            const same = last.mul(1);
            return { carry: { i: i.add(1), a: same.setRow(0, 18), b: same.setRow(0, 2) } };
          },
        ).carry;
        return [a.mul(0.5), b.mul(0.5)];
      },
    ];
    const read = await Promise.all(
      forks.map(async (fork) => {
        const outputs = await compile(backend, fork as (x: Tensor) => readonly Tensor[])(array([1, 2, 3]));
        return (await Promise.all(outputs.map((output) => output.read()))).map(({ data }) => [...data]);
      }),
    );
    const [kept, changed] = [
      [1, 2, 3],
      [9, 2, 3],
    ];
    expect(read).toEqual([
      [changed, kept],
      [kept, changed],
      [changed, kept],
      [changed, kept],
    ]);
  });

  it('of donated state is updated in place, unless the run might still fail', () => {
    const step = (v: Tensor, g: Tensor): Tensor => v.mul(0.9).add(g);
    expect(planGraph(graphOf((v, g) => step(v!, g!), [50], [50])).emit(16).reusable).toEqual([[0, 0]]);
    const transposed = graphOf((v, g) => step(v!.transpose(), g!), [5, 5], [5, 5]);
    expect(planGraph(transposed).emit(16).reusable).toEqual([[1, 0]]);
    const ode = createOde({ backend: tracer, solver: dopri5(), gradient: backprop() });
    const taped = graphOf(
      (v, y0) => {
        const loss = (x: Tensor) => ode.odeint((_t, y: Tensor) => y.mul(x), y0!, [0, 1]).ys.sum();
        return valueAndGrad(loss)(v!).grad.add(v!);
      },
      [50],
      [50],
    );
    expect(planGraph(taped).emit(16).reusable).toEqual([[0, 0]]);
    const early = graphOf(
      (v, y0) => {
        const next = v!.mul(0.5);
        const loss = (x: Tensor) => ode.odeint((_t, y: Tensor) => y.mul(x), y0!, [0, 1]).ys.sum();
        return [next, valueAndGrad(loss)(next).value];
      },
      [50],
      [50],
    );
    expect(planGraph(early).emit(16).reusable).toEqual([]);
  });
});

describe('tapes', () => {
  const training = async (maximumBytes: number, gradient: ReturnType<typeof backprop>) => {
    const backend = await wasm({ maximumBytes });
    const ode = createOde({
      backend,
      solver: dopri5(),
      gradient,
      controller: pid({ rtol: 1e-6, atol: 1e-8 }),
      maxSteps: 10 ** 6,
    });
    const step = ode.compile((rate: Tensor, y0: Tensor) =>
      valueAndGrad((r: Tensor) => ode.odeint((t, y: Tensor) => y.mul(t.mul(r).cos()), y0, [0, 2000]).ys.mean())(rate),
    );
    return step.run(3, array(new Float32Array(256).fill(1)));
  };

  it('that can not grow say how many bytes they wanted, and what to do', async () => {
    const failed = training(2 ** 22, backprop());
    await expect(failed).rejects.toMatchObject({ code: 'EXECUTION' });
    await expect(failed).rejects.toThrow(/a tape of graph .* wanted .* more, with .* left of 4.0 MiB.*adjoint/s);
    expect((await training(2 ** 22, adjoint())).stats.counters?.tapeEntries).toBe(0);
    const { stats } = await training(2 ** 28, backprop());
    expect(stats.counters?.tapeEntries).toBe(stats.accepted);
    expect(stats.counters?.peakBytes).toBeGreaterThan(2 ** 22);
  });
});
