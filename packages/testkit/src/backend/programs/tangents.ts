/** Forward mode, alone and with reverse mode: tangents of primitives, loops and branches, products of Hessians. */
import {
  array,
  avgPool2d,
  call,
  concat,
  cond,
  conv2d,
  grad,
  hvp,
  jvp,
  linearCombination,
  linearSolve,
  matmul,
  maxPool2d,
  onesLike,
  scan,
  select,
  stack,
  whileLoop,
  zerosLike,
  type Tensor,
} from '@node-ode/core';
import { tensor, trips, type ProgramCase } from './program-case.ts';

/** The tangent of a function of a list of tensors along a direction. */
const along = (f: (xs: readonly Tensor[]) => Tensor, xs: readonly Tensor[], vs: readonly (Tensor | null)[]): Tensor =>
  jvp(f, xs, vs).tangent;

/** Element-wise functions of one and of two positive arguments. */
const elementwise: readonly ((x: Tensor, y: Tensor) => Tensor)[] = [
  (x) => x.neg().abs(),
  (x) => x.exp().add(x.expm1()),
  (x) => x.log().add(x.log1p()),
  (x) => x.sqrt(),
  (x) => x.sin().add(x.cos()).add(x.mul(0.2).tan()),
  (x) => x.tanh().add(x.sigmoid()).add(x.softplus()),
  (x) => x.erf(),
  (x) => x.sign().add(x.floor()).add(x.ceil()).add(x.round()).mul(x),
  (x, y) => x.add(y).sub(y.mul(x)),
  (x, y) => x.div(y),
  (x, y) => x.pow(y),
  (x, y) => x.maximum(y).add(x.minimum(y).mul(2)),
  (x, y) => x.atan2(y),
  (x, y) => x.add(9).rem(y.add(4)),
  (x, y) => select(x.greater(y), x.square(), y.cast(x.dtype)),
];

/** Reductions and movement of a matrix [4, 3]. */
const whole: readonly ((x: Tensor, indices: Tensor) => Tensor)[] = [
  (x) => x.sum({ axes: 0 }).add(x.mean({ axes: 0 })),
  (x) => x.max({ axes: 1 }).add(x.min({ axes: 1 })),
  (x) => x.logSumExp({ axes: 1 }),
  (x) => x.softmax(1).mul(x.logSoftmax(0)),
  (x) => x.cumsum(1, { reverse: true }),
  (x) => x.transpose().reshape([2, 6]).slice([0, 1], [2, 4]).pad([1, 0], [0, 2], 5),
  (x, indices) => x.gather(indices).scatterAdd(indices, 5),
  (x) => concat([x, x.setRow(1, x.at(0).square())], 1).broadcastTo([2, 4, 6]),
  (x) =>
    matmul(x, x, { transposeB: true }).add(
      x
        .div(x.size([0]))
        .at(0)
        .sum(),
    ),
  (x) => linearCombination([x.sum(), x.at(0).sum(), 1], [x, x.square(), x], [0.5, -0.25, 2]),
];

export const tangents: readonly ProgramCase[] = [
  {
    name: 'the tangents of element-wise functions, operands broadcast',
    inputs: (d) => [[d.array([4, 3], 0.2, 2.5), d.array([3], 0.2, 2.5), d.array([4, 3]), d.array([3])]],
    fn: ([x, y, dx, dy]) =>
      elementwise.map((f) =>
        along(([a, b]) => f(tensor(a), tensor(b)), [tensor(x), tensor(y)], [tensor(dx), tensor(dy)]),
      ),
    slack: 50,
  },
  {
    name: 'the tangents of reductions, movement and products',
    inputs: (d) => [[d.array([4, 3]), array([2, 0, 2], { dtype: 'i32' }), d.array([4, 3])]],
    fn: ([x, indices, dx]) =>
      whole.map((f) => along(([y]) => f(tensor(y), tensor(indices)), [tensor(x)], [tensor(dx)])),
    slack: 50,
  },
  {
    name: 'the tangents of convolutions and their gradients, of pooling and of linear systems',
    inputs: (d) => [
      [
        d.array([2, 3, 6, 5]),
        d.array([4, 3, 3, 3]),
        d.array([2, 3, 6, 5]),
        d.array([4, 3, 3, 3]),
        d.array([3, 3], 0, 1),
        d.of([3, 0, 0, 0, 3, 0, 0, 0, 3], [3, 3]),
      ],
    ],
    fn: ([x, kernel, dx, dk, a, shift]) => {
      const convolved = (p: readonly Tensor[]): Tensor =>
        conv2d(tensor(p[0]), tensor(p[1]), { padding: 'same', strides: [2, 1] });
      const pooled = ([image]: readonly Tensor[]): Tensor =>
        maxPool2d(tensor(image), 2).add(avgPool2d(tensor(image), 2).square());
      const solved = ([m]: readonly Tensor[]): Tensor =>
        linearSolve(matmul(tensor(m), tensor(m), { transposeB: true }).add(tensor(shift)), tensor(m));
      return [
        along(convolved, [tensor(x), tensor(kernel)], [tensor(dx), tensor(dk)]),
        along(pooled, [tensor(x)], [tensor(dx)]),
        along(solved, [tensor(a)], [tensor(a).cos()]),
        ...hvp((p: readonly Tensor[]) => convolved(p).square().sum())([tensor(x), tensor(kernel)], [tensor(dx)]),
        hvp((image: Tensor) => pooled([image]).square().sum())(tensor(x), tensor(dx)),
      ];
    },
    slack: 100,
  },
  {
    name: 'the tangents of a whileLoop of zero, one and many trips, and of its tape',
    inputs: trips([0, 1, 2, 60], (d) => [d.array([3]), d.array([]), d.array([3]), d.array([])]),
    fn: ([n, x, b, dx, db]) => {
      const f = (p: { readonly x: Tensor; readonly b: Tensor }) => {
        const { carry, tape } = whileLoop(
          { i: tensor(n).mul(0), x: p.x },
          ({ i }) => i.less(tensor(n)),
          (c) => {
            const advances = c.i.rem(3).notEqual(1);
            const next = select(advances, c.x.sin().mul(0.9).add(p.b), c.x);
            return { carry: { i: c.i.add(1), x: next }, tape: c.x, advances };
          },
        );
        const { carry: sum } = scan(zerosLike(p.x), tape, (s, e) => ({ carry: s.mul(0.5).add(e.square()) }));
        return { last: carry.x, sum };
      };
      const x0 = { x: tensor(x), b: tensor(b) };
      const { value, tangent } = jvp(f, x0, { x: tensor(dx), b: tensor(db) });
      return [value.last, tangent.last, tangent.sum, jvp(f, x0, { b: tensor(db) }).tangent.sum];
    },
    slack: 50,
  },
  {
    name: 'the tangents of a scan, a cond, a call and setRow',
    inputs: (d) => [0, 1, 5].map((rows) => [d.array([rows, 2]), d.array([2]), d.array([rows, 2]), d.array([2])]),
    fn: ([xs, w, dxs, dw]) => {
      const f = (p: { readonly xs: Tensor; readonly w: Tensor }) => {
        const g = call('g', (y: Tensor) => y.mul(p.w).sin());
        const { carry, outputs } = scan(
          { h: p.w, rows: stack([p.w, p.w]) },
          p.xs,
          (c, x) => {
            const h = cond(
              x.sum().greater(0),
              { x, h: c.h },
              (o) => g(o.h).add(o.x),
              (o) => o.h.mul(o.x),
            );
            return { carry: { h, rows: c.rows.setRow(1, h) }, output: h.square() };
          },
          { reverse: true },
        );
        return [carry.h, carry.rows, outputs];
      };
      const { value, tangent } = jvp(f, { xs: tensor(xs), w: tensor(w) }, { xs: tensor(dxs), w: tensor(dw) });
      return [...value, ...tangent];
    },
    slack: 50,
  },
  {
    name: 'the product of a Hessian with a direction, by every order of the modes',
    inputs: trips([0, 1, 4], (d) => [d.array([2]), d.array([3, 2]), d.array([2])]),
    fn: ([n, x, xs, v]) => {
      const loss = (y: Tensor): Tensor => {
        const looped = whileLoop(
          { i: tensor(n).mul(0), y },
          ({ i }) => i.less(tensor(n)),
          (c) => ({ carry: { i: c.i.add(1), y: c.y.sin().add(y.square().mul(0.3)) } }),
        ).carry.y;
        return scan(looped, tensor(xs), (c, row) => ({ carry: c.mul(row).tanh().add(y) })).carry.sum();
      };
      const slope = (y: Tensor): Tensor => jvp(loss, y, tensor(v)).tangent;
      return [
        hvp(loss)(tensor(x), tensor(v)),
        grad(slope)(tensor(x)),
        grad((y: Tensor) => grad(loss)(y).mul(tensor(v)).sum())(tensor(x)),
        jvp(slope, tensor(x), onesLike(tensor(x))).tangent,
      ];
    },
    slack: 100,
  },
];
