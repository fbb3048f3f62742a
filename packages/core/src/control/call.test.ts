import { describe, expect, it } from 'vitest';
import { evaluate, f64, refusal, run, trace } from '../../test/support.ts';
import { grad } from '../differentiate/vjp.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { call } from './call.ts';
import { scan } from './loops.ts';

describe('call', () => {
  it('takes and gives trees', async () => {
    const f = (x: Tensor) => {
      const split = call('split', (a: { readonly x: Tensor }, k: Tensor) => ({
        sum: a.x.add(k),
        parts: [a.x, k] as const,
      }));
      return split({ x }, x.mul(2));
    };
    expect(await evaluate(f, 3)).toEqual({ sum: 9, parts: [3, 6] });
  });

  it('shares one subgraph among its uses', () => {
    const f = (x: Tensor): Tensor => {
      const g = call('g', (y: Tensor) => y.exp().sin().add(1));
      return g(g(x)).add(g(x.neg()));
    };
    const calls = trace(f, 1).nodes.flatMap((node) => (node.op === 'call' ? [node.params.graph] : []));
    expect([calls.length, new Set(calls).size]).toEqual([3, 1]);
  });

  it('captures tensors around it, from inside a loop too', async () => {
    const f = (x: Tensor, w: Tensor): Tensor => {
      const scale = call('scale', (y: Tensor) => y.mul(w));
      return scan(x, f64Sequence(), (c, e) => ({ carry: scale(c).add(e) })).carry;
    };
    const f64Sequence = (): Tensor => sequence;
    let sequence: Tensor;
    const g = (x: Tensor, w: Tensor, xs: Tensor): Tensor => {
      sequence = xs;
      return f(x, w);
    };
    const { value, stats } = await run(g, 1, 2, f64([1, 10]));
    expect([value, stats.counters?.calls['scale']]).toEqual([16, 2]);
  });

  it('is differentiated once: the reverse is one subgraph as well', () => {
    const f = (x: Tensor): Tensor => {
      const g = call('g', (y: Tensor) => y.exp().sin());
      return g(g(g(x)));
    };
    const graph = trace((x: Tensor) => grad(f)(x), 1);
    const used = graph.nodes.flatMap((node) => (node.op === 'call' ? [node.params.graph] : []));
    expect(used.map(({ name }) => name)).toEqual(['g', 'g', 'g', 'g.reverse', 'g.reverse', 'g.reverse']);
    expect(new Set(used.filter(({ name }) => name === 'g.reverse')).size).toBe(1);
  });

  it('the gradient of a call runs it once forwards', async () => {
    const f = (x: Tensor): Tensor => call('g', (y: Tensor) => y.exp().square())(x);
    const { value, stats } = await run((x: Tensor) => grad(f)(x), 0);
    expect(value).toBe(2);
    expect(stats.counters?.calls).toEqual({ g: 1, 'g.reverse': 1 });
  });

  it('refuses arguments unlike those it was traced with', async () => {
    const f =
      (other: (x: Tensor) => readonly unknown[]) =>
      (x: Tensor): Tensor => {
        const g = call('norm', (...xs: readonly unknown[]) => (xs[0] as Tensor).square().sum());
        return g(x).add(g(...other(x)));
      };
    const refused = (other: (x: Tensor) => readonly unknown[]): Promise<string> =>
      refusal(() => evaluate(f(other), f64([1, 2])));
    expect(await refused((x) => [x.sum()])).toBe(
      'TreeError: norm: argument leaf 1 is f64[]; expected f64[2], as when the function was traced. Use one call(…) for each set of shapes.',
    );
    expect(await refused((x) => [x, x])).toBe(
      "TreeError: norm: the tree has '[1]' at leaf 2 of 2; expected nothing: the same keys and lengths, 1 leaves. Give it the same structure.",
    );
    expect(await refused(() => [])).toBe(
      "TreeError: norm: the tree has nothing at leaf 1 of 0; expected '[0]': the same keys and lengths, 1 leaves. Give it the same structure.",
    );
    expect(await refused((x) => [{ x }])).toMatch(
      /^TreeError: norm: the tree has '\[0\]\.x' at leaf 1 of 1; expected '\[0\]'/,
    );
  });
});
