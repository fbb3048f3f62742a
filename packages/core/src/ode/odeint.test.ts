import { adjoint } from '@node-ode/gradient-adjoint';
import { bosh3 } from '@node-ode/solver-bosh3';
import { euler } from '@node-ode/solver-euler';
import { rk4 } from '@node-ode/solver-rk4';
import { describe, expect, it } from 'vitest';
import { decay, makeOde, oscillator } from '../../test/ode.ts';
import { backend, expectClose, f32, f64, readAll } from '../../test/support.ts';
import { toNested, type HostArray } from '../array.ts';
import { scan } from '../control/loops.ts';
import { createOde } from '../runtime/create-ode.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import type { Times } from './times.ts';

const linspace = (a: number, b: number, n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => a + ((b - a) * i) / (n - 1));

describe('solutions', () => {
  it('at every time, forwards and backwards', async () => {
    for (const ts of [linspace(0, 3, 7), linspace(3, 0, 7), linspace(-1, 2, 4), [0, 0.001, 2.9, 3]]) {
      const { ys, ts: times, stats } = await makeOde().solve(decay, 2, ts);
      expect(toNested(times)).toEqual(ts);
      const [t0 = 0] = ts;
      expectClose(
        toNested(ys),
        ts.map((t) => 2 * Math.exp(t0 - t)),
        3e-8,
      );
      expect(stats.accepted).toBeGreaterThan(5);
    }
  });

  it('the first is the initial state, bit for bit', async () => {
    const { ys } = await makeOde().solve(decay, f64([0.1, 1 / 3]), [0, 1]);
    expect([...ys.data.slice(0, 2)]).toEqual([0.1, 1 / 3]);
  });

  it('a time in the dynamics, and captured numbers and arrays', async () => {
    // y′ = a·t·y, y = exp(a·t²/2)
    const a = f64([1, -2]);
    const { ys } = await makeOde().solve((t, y: Tensor) => y.mul(t).mul(a), f64([1, 1]), [0, 1, 1.5]);
    const at = (t: number): readonly number[] => [Math.exp(t ** 2 / 2), Math.exp(-(t ** 2))];
    expectClose(toNested(ys), [at(0), at(1), at(1.5)], 1e-7);
  });

  it('trees: the structure of the state, the times first in each leaf', async () => {
    const y0 = { x: f64([[1, 2, 3]]), v: f64([[0, 0, 0]]) };
    const { ys } = await makeOde().solve(oscillator, y0, [0, 1, 2]);
    expect([ys.x.shape, ys.v.shape]).toEqual([
      [3, 1, 3],
      [3, 1, 3],
    ]);
    const cos = [0, 1, 2].map((t) => [[1, 2, 3].map((a) => a * Math.cos(t))]);
    const sin = [0, 1, 2].map((t) => [[1, 2, 3].map((a) => -a * Math.sin(t))]);
    expectClose(toNested(ys.x), cos, 1e-7);
    expectClose(toNested(ys.v), sin, 1e-7);
  });

  it('nested trees with numbers, tuples, and dynamics that give numbers', async () => {
    type State = { readonly a: readonly [Tensor, Tensor]; readonly b: { readonly c: Tensor } };
    const f = (t: Tensor, { a }: State): State => ({ a: [a[1], a[0].neg()], b: { c: 1 as unknown as Tensor } });
    const { ys } = await makeOde().solve(f, { a: [0, 1], b: { c: f64([5, 6]) } } as const, [0, 2]);
    expectClose(toNested(ys.a[0]), [0, Math.sin(2)], 1e-8);
    expectClose(toNested(ys.a[1]), [1, Math.cos(2)], 1e-8);
    expectClose(toNested(ys.b.c), [
      [5, 6],
      [7, 8],
    ]);
  });

  it('states of several shapes share their steps', async () => {
    const y0 = {
      scalar: 1,
      vector: f64([1, 2]),
      matrix: f64([
        [1, 2],
        [3, 4],
      ]),
    };
    const f = (_: Tensor, y: { scalar: Tensor; vector: Tensor; matrix: Tensor }) => ({
      scalar: y.scalar.neg(),
      vector: y.vector.mul(y.scalar).neg(),
      matrix: y.matrix
        .matmul(y.vector.reshape([2, 1]))
        .mul(0)
        .sub(y.matrix),
    });
    const { ys } = await makeOde().solve(f, y0, [0, 1]);
    const decayed = Math.exp(-1);
    expectClose(toNested(ys.scalar), [1, decayed], 1e-8);
    // v′ = −e⁻ᵗ·v: v = v0·exp(e⁻ᵗ − 1)
    expectClose(toNested(ys.vector), [[1, 2], [1, 2].map((v) => v * Math.exp(decayed - 1))], 1e-8);
    expectClose(
      [...ys.matrix.data.slice(4)],
      [1, 2, 3, 4].map((m) => m * decayed),
      1e-8,
    );
  });

  it('in f32: state, time and statistics', async () => {
    const ode = createOde({ backend, solver: bosh3(), rtol: 1e-5, atol: 1e-6 });
    const { ys, ts } = await ode.solve((t, y: Tensor) => y.mul(t.cos()), 1, [0, 1, 5]);
    expect([ys.dtype, ts.dtype]).toEqual(['f32', 'f32']);
    expectClose(toNested(ys), [1, Math.exp(Math.sin(1)), Math.exp(Math.sin(5))], 1e-4);
    const other = await makeOde().solve(decay, f32([1]), [0, 1]);
    expect([other.ys.dtype, other.ts.dtype]).toEqual(['f32', 'f32']);
  });
});

describe('a single time', () => {
  it('is a no-op: the state, and no evaluation', async () => {
    const { ys, ts, stats } = await makeOde().solve(decay, f64([1, 2]), [3]);
    expect([toNested(ys), toNested(ts)]).toEqual([[[1, 2]], [3]]);
    expect([stats.nfe, stats.accepted, stats.rejected, stats.counters?.calls['dynamics'] ?? 0]).toEqual([0, 0, 0, 0]);
  });

  it('inside a traced function, with its statistics', async () => {
    const ode = makeOde();
    const program = ode.compile((y: Tensor, t: Tensor) => {
      const { ys, stats } = ode.odeint(decay, y, [t]);
      return { ys, ...stats };
    });
    const result = (await readAll(await program(5, 1))) as Record<string, HostArray>;
    expect(Object.fromEntries(Object.entries(result).map(([key, x]) => [key, toNested(x)]))).toEqual({
      ys: [5],
      nfe: 0,
      accepted: 0,
      rejected: 0,
      status: 0,
    });
  });
});

describe('output times', () => {
  it.each([dopri5Like(), bosh3(), euler(), rk4()])('cost $name no evaluation', async (solver) => {
    const ode = makeOde(solver.hasErrorEstimate ? { solver } : { solver, h: 0.25 });
    const [few, many] = [await ode.solve(decay, 1, [0, 10]), await ode.solve(decay, 1, linspace(0, 10, 401))];
    expect(many.stats.nfe).toBe(few.stats.nfe);
    expect(many.stats.accepted).toBe(few.stats.accepted);
    expect(many.ys.data.at(-1)).toBe(few.ys.data.at(-1));
  });

  it('several in one step, and several steps to one', async () => {
    const ode = makeOde({ solver: rk4(), h: 1 });
    const ts = [0, 0.25, 0.5, 1, 3, 3.5];
    const { ys, stats } = await ode.solve((t) => t.square().mul(3), 0, ts);
    // A cubic is found exactly, within the step too.
    expectClose(
      toNested(ys),
      ts.map((t) => t ** 3),
      1e-14,
    );
    expect(stats.accepted).toBe(4);
  });

  it('as numbers, host arrays and tensors, mixed', async () => {
    const ode = makeOde();
    const expected = toNested((await ode.solve(decay, 1, [0, 1, 2])).ys);
    expect(toNested((await ode.solve(decay, 1, f64([0, 1, 2]))).ys)).toEqual(expected);
    const inside = async (times: (t: Tensor) => Times): Promise<unknown> => {
      const program = ode.compile((y: Tensor, t: Tensor) => ode.odeint(decay, y, times(t)).ys);
      return toNested(await (await program(1, 1)).read());
    };
    expect(await inside((t) => [0, t, t.mul(2)])).toEqual(expected);
    expect(await inside((t) => [f64(0), t, 2])).toEqual(expected);
    expect(await inside((t) => t.mul(f64([0, 1, 2])))).toEqual(expected);
    expect(await inside(() => f64([0, 1, 2]))).toEqual(expected);
    expect(await inside(() => [0, 1, 2])).toEqual(expected);
  });
});

/** dopri5 under its own name: vitest prints it. */
function dopri5Like() {
  return makeOde().solver;
}

describe('solves inside traced functions', () => {
  it('see its tensors, and its host arrays', async () => {
    const ode = makeOde();
    const program = ode.compile((y0: Tensor, rate: Tensor) => {
      const doubled = rate.mul(2);
      return ode.odeint((_, y: Tensor) => y.mul(doubled).mul(f64(0.5)), y0, [0, 1]).ys.at(-1);
    });
    expectClose(toNested(await (await program(3, -1.5)).read()), 3 * Math.exp(-1.5), 1e-8);
  });

  it('one after another, in a loop, and one inside the dynamics of another', async () => {
    const ode = makeOde();
    const program = ode.compile((y0: Tensor) => {
      const once = ode.odeint(decay, y0, [0, 1]).ys.at(-1);
      const again = ode.odeint((_, y: Tensor) => y, once, [0, 1]).ys.at(-1);
      const looped = scan(y0, [], (c) => ({ carry: ode.odeint(decay, c, [0, 0.5]).ys.at(-1) }), { length: 4 }).carry;
      const inner = (t: Tensor): Tensor =>
        ode.odeint((_, z: Tensor) => z.neg(), constant(1, [], 'f64'), [constant(-1, [], 'f64'), t]).ys.at(-1);
      // y′ = e^(−1−t), so that y(1) − y(0) = e⁻¹·(1 − e⁻¹)
      const nested = ode.odeint((t: Tensor) => inner(t), y0, [0, 1]).ys.at(-1);
      return { again, looped, nested };
    });
    const { result, stats } = await program.run(2);
    const { again, looped, nested } = (await readAll(result)) as Record<string, HostArray>;
    expectClose(toNested(again as HostArray), 2, 1e-8);
    expectClose(toNested(looped as HostArray), 2 * Math.exp(-2), 1e-8);
    expectClose(toNested(nested as HostArray), 2 + Math.exp(-1) * (1 - Math.exp(-1)), 1e-7);
    expect(stats.nfe).toBe(stats.counters?.calls['dynamics']);
  });

  it('their own solver, controller, tolerances and step limit', async () => {
    const ode = makeOde({ rtol: 1e-3, atol: 1e-3 });
    const loose = await ode.solve(decay, 1, [0, 5]);
    const tight = await ode.solve(decay, 1, [0, 5], { rtol: 1e-10, atol: 1e-10 });
    expect(tight.stats.nfe).toBeGreaterThan(2 * loose.stats.nfe);
    expectClose(tight.ys.data[1], Math.exp(-5), 1e-8);
    const other = await ode.solve(decay, 1, [0, 5], { solver: bosh3() });
    expect(other.stats.nfe % 3).toBe(2);
    const stepped = await ode.solve(decay, 1, [0, 1], {
      solver: euler(),
      controller: makeOde({ solver: euler(), h: 0.25 }).controller,
    });
    expect(toNested(stepped.ys)).toEqual([1, 0.75 ** 4]);
  });

  it('give the statistics of each solve as tensors, whatever the gradient method', async () => {
    for (const ode of [makeOde(), makeOde({ gradient: adjoint() })]) {
      const program = ode.compile((y: Tensor) => {
        const first = ode.odeint(decay, y, [0, 1]).stats;
        const second = ode.odeint(decay, y, [0, 3]).stats;
        return { first: first.nfe, second: second.nfe, steps: second.accepted.add(second.rejected) };
      });
      const { result, stats } = await program.run(1);
      const { first, second, steps } = (await readAll(result)) as Record<string, HostArray>;
      const [a, b] = [first?.data[0] as number, second?.data[0] as number];
      expect(a + b).toBe(stats.nfe);
      expect(a).toBeLessThan(b);
      expect(b).toBe(2 + 6 * (steps?.data[0] as number));
    }
  });

  it('of constants alone, statistics included', async () => {
    for (const ode of [makeOde(), makeOde({ gradient: adjoint() })]) {
      const program = ode.compile(() => {
        const { ys, stats } = ode.odeint(decay, constant(1, [], 'f64'), [0, 1]);
        return { y: ys.at(-1), nfe: stats.nfe };
      });
      const { result, stats } = await program.run();
      const { y, nfe } = (await readAll(result)) as Record<string, HostArray>;
      expectClose(toNested(y as HostArray), Math.exp(-1), 1e-8);
      expect([nfe?.data[0], stats.reports['solve.stats']]).toEqual([stats.nfe, undefined]);
    }
  });

  it('with other parts: with() keeps the rest', async () => {
    const ode = makeOde({ rtol: 1e-4, atol: 1e-4 }).with({ rtol: 1e-10 });
    const { ys } = await ode.solve(decay, 1, [0, 1]);
    expect(Math.abs((ys.data[1] as number) - Math.exp(-1))).toBeLessThan(1e-4);
    expect(ode.solver.name).toBe('dopri5');
  });
});
