import { describe, expect, it } from 'vitest';
import { evaluate, f64, gradientsOf, i32, refusal } from '../../test/support.ts';
import { grad, vjp } from '../differentiate/vjp.ts';
import { stopGradient } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { call } from './call.ts';
import { cond } from './cond.ts';
import { customVjp, type ReverseRule } from './custom-vjp.ts';
import { scan, whileLoop } from './loops.ts';

/** The identity whose gradient is clipped to [−1, 1]. */
const clip = (x: Tensor): Tensor =>
  customVjp(
    'clip',
    [x],
    ([y]) => [y as Tensor],
    ({ cotangents: [ct] }) => [ct === null || ct === undefined ? null : ct.maximum(-1).minimum(1)],
  )[0] as Tensor;

/** x² whose gradient is 5·x: not the derivative, so that it can be told apart. */
const odd = (x: Tensor): Tensor =>
  customVjp(
    'odd',
    [x],
    ([y]) => [(y as Tensor).square()],
    ({ inputs: [y], cotangents: [ct] }) => [(ct as Tensor).mul(5).mul(y as Tensor)],
  )[0] as Tensor;

const first = (f: (x: Tensor) => Tensor) => (x: Tensor) => grad((y: Tensor) => f(y).sum())(x);

describe('customVjp', () => {
  it('computes its function', async () => {
    expect(await evaluate(odd, f64([2, -3]))).toEqual([4, 9]);
  });

  it('is differentiated by its rule', async () => {
    expect(
      await evaluate(
        first((x) => clip(x).mul(f64([0.5, 3, -3]))),
        f64([1, 1, 1]),
      ),
    ).toEqual([0.5, 1, -1]);
    expect(await evaluate(first(odd), f64([2, -3]))).toEqual([10, -15]);
  });

  it('the rule is differentiable: the second derivative is that of the rule', async () => {
    expect(await evaluate(first(first(odd)), f64([2, -3]))).toEqual([5, 5]);
    expect(await evaluate(first(first(first(odd))), f64([2, -3]))).toEqual([0, 0]);
  });

  it('inside calls, branches and loops', async () => {
    const inCall = (x: Tensor): Tensor => call('f', odd)(x);
    const inCond = (x: Tensor): Tensor => cond(x.sum().less(0), x, (y) => y, odd);
    const inScan = (x: Tensor): Tensor => scan(x, [], (c) => ({ carry: odd(c) }), { length: 2 }).carry;
    const inWhile = (x: Tensor): Tensor =>
      whileLoop(
        { y: x },
        ({ y }) => y.sum().less(50),
        ({ y }) => ({ carry: { y: odd(y) } }),
      ).carry.y;
    expect(await evaluate((x: Tensor) => [inCall, inCond, inScan, inWhile].map((f) => first(f)(x)), f64([3]))).toEqual([
      [15],
      [15],
      // 5·x · 5·x² at x = 3
      [675],
      [675],
    ]);
  });

  it('several results: those that nothing used have cotangent null', async () => {
    let seen: readonly boolean[] = [];
    const f = (x: Tensor): Tensor => {
      const [, b] = customVjp(
        'two',
        [x],
        ([y]) => [(y as Tensor).mul(2), (y as Tensor).mul(3)],
        ({ cotangents }) => {
          seen = cotangents.map((ct) => ct === null);
          return [cotangents[1] ?? null];
        },
      );
      return b as Tensor;
    };
    expect(await evaluate(first(f), f64([1]))).toEqual([1]);
    expect(seen).toEqual([true, false]);
  });

  it('is told which operands are differentiated, and null is zero', async () => {
    let seen: readonly boolean[] = [];
    const rule: ReverseRule = ({ active, cotangents }) => {
      seen = active;
      return [null, cotangents[0] ?? null, null];
    };
    const f = (x: Tensor, y: Tensor, z: Tensor): Tensor =>
      customVjp(
        'three',
        [x, y, z],
        ([a, b, c]) => [(a as Tensor).mul(b as Tensor).mul(c as Tensor)],
        rule,
      )[0] as Tensor;
    const g = (x: Tensor, y: Tensor, z: Tensor) => grad((p: { x: Tensor; y: Tensor }) => f(p.x, p.y, z))({ x, y });
    expect(await evaluate(g, 2, 3, 4)).toEqual({ x: 0, y: 1 });
    expect(seen).toEqual([true, true, false]);
  });

  it('uses results of the function in its rule', async () => {
    const exp = (x: Tensor): Tensor =>
      customVjp(
        'exp',
        [x],
        ([y]) => [(y as Tensor).exp()],
        ({ outputs: [y], cotangents: [ct] }) => [(ct as Tensor).mul(y as Tensor)],
      )[0] as Tensor;
    expect(await evaluate((x: Tensor) => [exp(x), first(exp)(x), first(first(exp))(x)], 0)).toEqual([1, 1, 1]);
  });

  it('captures host arrays, numbers, integers and stopped tensors', async () => {
    const f = (x: Tensor, k: Tensor): Tensor => {
      const scale = stopGradient(x.square());
      return customVjp(
        'scaled',
        [x],
        ([y]) => [
          (y as Tensor)
            .mul(scale)
            .mul(f64([1, 2]))
            .mul((y as Tensor).at(k))
            .mul(constant(1, [], 'f64')),
        ],
        ({ cotangents: [ct] }) => [ct ?? null],
      )[0] as Tensor;
    };
    expect(await evaluate(f, f64([1, 2]), i32(1))).toEqual([2, 32]);
    expect(await evaluate((x: Tensor) => first((y) => f(y, constant(1, [], 'i32')))(x), f64([1, 2]))).toEqual([1, 1]);
  });

  it('refuses a captured float: its gradient would be lost', async () => {
    const f = (x: Tensor): Tensor =>
      customVjp(
        'lossy',
        [],
        () => [x.mul(2), x],
        () => [],
      )[0] as Tensor;
    const message =
      'DifferentiationError: lossy: the function captures a float tensor of an enclosing trace; expected every tensor that may need a gradient among the operands. Pass it as an operand, or stop its gradient.';
    expect(await refusal(() => evaluate(f, 1))).toBe(message);
    const nested = (x: Tensor): Tensor =>
      scan(x, f64Xs(), (c, e) => ({
        carry: customVjp(
          'lossy',
          [c],
          ([d]) => [scan(d as Tensor, [], (y) => ({ carry: y.mul(e) }), { length: 1 }).carry],
          () => [null],
        )[0] as Tensor,
      })).carry;
    const f64Xs = (): Tensor => constant(1, [2], 'f64');
    expect(await refusal(() => evaluate(nested, 1))).toBe(message);
  });

  it('refuses a rule that gives cotangents of other shapes or too few', async () => {
    const f = (rule: ReverseRule) => (x: Tensor) =>
      grad((y: Tensor) => customVjp('mine', [y], ([z]) => [(z as Tensor).sum()], rule)[0] as Tensor)(x);
    expect(
      await refusal(() =>
        evaluate(
          f(({ cotangents: [ct] }) => [ct ?? null]),
          f64([1, 2]),
        ),
      ),
    ).toBe(
      'DifferentiationError: mine: the reverse rule gives operand 1 the cotangent f64[]; expected f64[2], as the operand, or null.',
    );
    expect(
      await refusal(() =>
        evaluate(
          f(() => []),
          f64([1, 2]),
        ),
      ),
    ).toBe('DifferentiationError: mine: the reverse rule gives 0 cotangents; expected 1, one for each operand.');
  });
});

describe('stopGradient', () => {
  it('in any composition', async () => {
    const f = (x: Tensor): Tensor => scan(x, [], (c) => ({ carry: c.mul(stopGradient(c)) }), { length: 2 }).carry.sum();
    // c1 = x·[x], c2 = c1·[c1]: dc2/dx = [c1]·[x] = x³
    expect(await gradientsOf((x) => f(x as Tensor), f64([3]))).toEqual([[27]]);
  });

  it('blocks a vjp through it but not around it', async () => {
    const pulled = await evaluate(
      (x: Tensor) => vjp((y: Tensor) => [stopGradient(y).mul(y), stopGradient(y)] as const, x).pullback([x, x]),
      3,
    );
    expect(pulled).toBe(9);
  });
});
