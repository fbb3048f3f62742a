import { describe, expect, expectTypeOf, it } from 'vitest';
import { bool, evaluate, expectClose, f32, f64, i32, refusal, run, trace, uniform } from '../../test/support.ts';
import { onesLike, stopGradient, zerosLike } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { grad, valueAndGrad, valueAndGradWithAux, vjp } from './vjp.ts';

describe('vjp', () => {
  it('pulls any cotangent back: vᵀ·J', async () => {
    const f = (x: Tensor): Tensor => x.square();
    const pulled = await evaluate((x: Tensor, v: Tensor) => vjp(f, x).pullback(v), f64([1, 2, 3]), f64([1, 10, 0]));
    expect(pulled).toEqual([2, 40, 0]);
  });

  it('of trees, from trees', async () => {
    const f = ({ a, b: [b, c] }: { readonly a: Tensor; readonly b: readonly [Tensor, Tensor] }) => ({
      product: a.mul(b),
      rest: [b.sum(), c.exp()] as const,
    });
    const program = (a: Tensor, b: Tensor, c: Tensor) => {
      const { value, pullback } = vjp(f, { a, b: [b, c] as const });
      expectTypeOf(value).toEqualTypeOf<{ product: Tensor; rest: readonly [Tensor, Tensor] }>();
      const g = pullback({ product: onesLike(value.product), rest: [constant(3, [], 'f64'), zerosLike(c)] });
      return { value, g };
    };
    const { value, g } = await evaluate(program, f64([1, 2]), f64([3, 4]), 0);
    expect(value).toEqual({ product: [3, 8], rest: [7, 1] });
    expect(g).toEqual({ a: [3, 4], b: [[4, 5], 0] });
  });

  it('one pullback serves many cotangents: a Jacobian row by row', async () => {
    const f = (x: Tensor): Tensor =>
      x
        .mul(
          f64([
            [1, 2],
            [3, 4],
          ]),
        )
        .sum({ axes: 1 })
        .square();
    const jacobian = (x: Tensor): readonly Tensor[] => {
      const { pullback } = vjp(f, x);
      return [pullback(f64At(0)), pullback(f64At(1))];
    };
    const f64At = (i: number): Tensor => constant(1, [2], 'f64').mul(f64(i === 0 ? [1, 0] : [0, 1]));
    expect(await evaluate(jacobian, f64([1, 1]))).toEqual([
      [6, 12],
      [42, 56],
    ]);
  });

  it('refuses a cotangent of another structure, shape or dtype', async () => {
    const pull = (cotangent: (x: Tensor) => unknown): Promise<string> =>
      refusal(() =>
        evaluate(
          (x: Tensor) =>
            vjp((y: Tensor) => [y, y.sum()] as readonly Tensor[], x).pullback(cotangent(x) as readonly Tensor[]),
          f64([1, 2]),
        ),
      );
    expect(await pull((x) => [x])).toBe(
      "TreeError: vjp: the tree has nothing at leaf 2 of 1; expected '[1]': the same keys and lengths, 2 leaves. Give it the same structure.",
    );
    expect(await pull((x) => [x.sum(), x.sum()])).toBe(
      "ShapeError: vjp: leaf '[0]' of the cotangent is f64[]; expected f64[2], as the value.",
    );
    expect(await pull((x) => [x, x.sum().cast('f32')])).toBe(
      "DTypeError: vjp: leaf '[1]' of the cotangent is f32[]; expected f64[], as the value.",
    );
  });

  it('refuses integers and booleans as arguments', async () => {
    expect(await refusal(() => evaluate((n: Tensor) => grad((x: Tensor) => x.cast('f32').sum())(n), i32([1, 2])))).toBe(
      "DifferentiationError: vjp: leaf '' of the argument is i32[2]; expected f32 or f64: integers and booleans have no derivative. Pass it by closure, or as an argument that is not differentiated.",
    );
    const pair = (x: Tensor, p: Tensor): unknown => grad((a: { x: Tensor; p: Tensor }) => a.x)({ x, p });
    expect(await refusal(() => evaluate((x: Tensor, p: Tensor) => pair(x, p) as Tensor, 1, bool(true)))).toMatch(
      /^DifferentiationError: vjp: leaf 'p' of the argument is bool\[\]/,
    );
  });

  it('integer results have no cotangent to pull back', async () => {
    const f = (x: Tensor): readonly Tensor[] => [x.square(), x.argMax()];
    const pulled = await evaluate(
      (x: Tensor) => {
        const { value, pullback } = vjp(f, x);
        return pullback([onesLike(value[0] as Tensor), constant(5, [], 'i32')]);
      },
      f64([1, 2]),
    );
    expect(pulled).toEqual([2, 4]);
  });
});

describe('grad', () => {
  it('of a polynomial, in closed form', async () => {
    const f = (x: Tensor): Tensor => x.pow(3).sub(x.mul(2)).sum();
    expect(await evaluate((x: Tensor) => grad(f)(x), f64([1, -2]))).toEqual([1, 10]);
  });

  it('with respect to the first argument alone; the rest is passed on', async () => {
    const f = (p: { readonly w: Tensor }, x: Tensor, scale: number): Tensor => p.w.mul(x).mul(scale).sum();
    const { value, grad: g } = await evaluate(
      (w: Tensor, x: Tensor) => valueAndGrad(f)({ w }, x, 2),
      f64([1, 2]),
      f64([3, 4]),
    );
    expect([value, g]).toEqual([22, { w: [6, 8] }]);
  });

  it('tensors of the closure are constants', async () => {
    const f = (x: Tensor): Tensor => grad((y: Tensor) => y.mul(x).mul(x))(x);
    expect(await evaluate(f, 3)).toBe(9);
  });

  it('an input that the value does not depend on has gradient exactly 0', async () => {
    const f = (p: {
      readonly used: Tensor;
      readonly unused: Tensor;
      readonly stopped: Tensor;
      readonly rounded: Tensor;
    }): Tensor => p.used.mul(stopGradient(p.stopped)).add(p.rounded.round()).div(0).sum();
    const g = await evaluate(
      (used: Tensor, unused: Tensor) => grad(f)({ used, unused, stopped: used, rounded: used }),
      f64([1, 2]),
      f64([[NaN, Infinity]]),
    );
    expect(g).toEqual({ used: [Infinity, Infinity], unused: [[0, 0]], stopped: [0, 0], rounded: [0, 0] });
  });

  it('a value that does not depend on the argument', async () => {
    expect(await evaluate((x: Tensor) => grad(() => constant(5, [], 'f64'))(x), f64([1, 2]))).toEqual([0, 0]);
    expect(await evaluate((x: Tensor, y: Tensor) => grad(() => y)(x), f64([1]), 2)).toEqual([0]);
  });

  it('of the argument itself', async () => {
    expect(await evaluate((x: Tensor) => grad((y: Tensor) => y)(x), 7)).toBe(1);
  });

  it('refuses a value that is no float scalar', async () => {
    expect(await refusal(() => evaluate((x: Tensor) => grad((y: Tensor) => y.square())(x), f64([1, 2])))).toBe(
      "DifferentiationError: grad: the function's value is f64[2]; expected a float scalar. Reduce it with .sum() or .mean(), or use vjp.",
    );
    expect(await refusal(() => evaluate((x: Tensor) => grad((y: Tensor) => y.argMax())(x), f64([1, 2])))).toMatch(
      /^DifferentiationError: grad: the function's value is i32\[\]/,
    );
  });

  it('keeps f32', async () => {
    expect(await evaluate((x: Tensor) => grad((y: Tensor) => y.mul(0.1).sum())(x), f32([1]))).toEqual([
      Math.fround(0.1),
    ]);
  });
});

describe('grad of grad', () => {
  const derivatives: readonly (readonly [string, (x: Tensor) => Tensor, readonly ((x: number) => number)[]])[] = [
    ['sin', (x) => x.sin(), [Math.cos, (x) => -Math.sin(x), (x) => -Math.cos(x), Math.sin]],
    ['exp', (x) => x.exp(), [Math.exp, Math.exp, Math.exp, Math.exp]],
    ['log', (x) => x.log(), [(x) => 1 / x, (x) => -1 / x ** 2, (x) => 2 / x ** 3, (x) => -6 / x ** 4]],
    ['sqrt', (x) => x.sqrt(), [(x) => 0.5 * x ** -0.5, (x) => -0.25 * x ** -1.5, (x) => 0.375 * x ** -2.5]],
    ['reciprocal', (x) => x.reciprocal(), [(x) => -(x ** -2), (x) => 2 * x ** -3, (x) => -6 * x ** -4]],
    ['x⁵', (x) => x.pow(5), [(x) => 5 * x ** 4, (x) => 20 * x ** 3, (x) => 60 * x ** 2, (x) => 120 * x]],
    ['tanh', (x) => x.tanh(), [(x) => 1 - Math.tanh(x) ** 2, (x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)]],
    [
      'cos of x²',
      (x) => x.square().cos(),
      [(x) => -2 * x * Math.sin(x * x), (x) => -2 * Math.sin(x * x) - 4 * x * x * Math.cos(x * x)],
    ],
  ];
  it.each(derivatives)('%s', async (_, f, expected) => {
    const orders = (x: Tensor): readonly Tensor[] => {
      const results: Tensor[] = [];
      let current = f;
      for (const _each of expected) {
        current = grad(current);
        results.push(current(x));
      }
      return results;
    };
    for (const x of [0.7, 1.3]) {
      expectClose(
        await evaluate(orders, x),
        expected.map((d) => d(x)),
        1e-13,
      );
    }
  });

  it('a Hessian-vector product of a quadratic form is (A + Aᵀ)·v', async () => {
    const a = uniform(1, [3, 3]);
    const form = (x: Tensor): Tensor =>
      x
        .reshape([1, 3])
        .matmul(a)
        .matmul(x.reshape([3, 1]))
        .sum();
    const hvp = (x: Tensor, v: Tensor): Tensor => grad((y: Tensor) => grad(form)(y).mul(v).sum())(x);
    const v = [1, -2, 0.5];
    const expected = v.map((_, i) =>
      v.reduce((sum, vj, j) => sum + ((a.data[i * 3 + j] as number) + (a.data[j * 3 + i] as number)) * vj, 0),
    );
    expectClose(await evaluate(hvp, uniform(2, [3]), f64(v)), expected, 1e-14);
  });

  it('mixed derivatives commute', async () => {
    const f = (x: Tensor, y: Tensor): Tensor => x.mul(y).sin().mul(y.exp());
    const xy = (x: Tensor, y: Tensor): Tensor => grad((b: Tensor) => grad((a: Tensor) => f(a, b))(x))(y);
    const yx = (x: Tensor, y: Tensor): Tensor => grad((a: Tensor) => grad((b: Tensor) => f(a, b))(y))(x);
    const [x, y] = [0.6, 0.4];
    const exact = Math.exp(y) * (Math.cos(x * y) * (1 + y) - x * y * Math.sin(x * y));
    expectClose(await evaluate((a: Tensor, b: Tensor) => [xy(a, b), yx(a, b)], x, y), [exact, exact], 1e-14);
  });
});

describe('valueAndGradWithAux', () => {
  it('gives what the function gives beside its value, untouched by the derivative', async () => {
    const f = (x: Tensor, k: Tensor) => ({
      value: x.square().sum(),
      aux: { doubled: x.mul(2), parts: [k, x.greater(1)] as const },
    });
    const {
      value,
      grad: g,
      aux,
    } = await evaluate((x: Tensor, k: Tensor) => valueAndGradWithAux(f)(x, k), f64([1, 3]), i32(7));
    expect(value).toBe(10);
    expect(g).toEqual([2, 6]);
    expect(aux).toEqual({ doubled: [2, 6], parts: [7, [false, true]] });
  });

  it('the value is computed once, aux or not', async () => {
    const f = (x: Tensor) => {
      const y = x.exp();
      return { value: y.sum(), aux: y };
    };
    const graph = trace((x: Tensor) => valueAndGradWithAux(f)(x), f64([1, 2]));
    expect(graph.nodes.filter(({ op }) => op === 'exp').length).toBe(1);
    const { value } = await run((x: Tensor) => valueAndGradWithAux(f)(x), f64([0, 0]));
    expect(value).toEqual({ value: 2, grad: [1, 1], aux: [1, 1] });
  });
});
