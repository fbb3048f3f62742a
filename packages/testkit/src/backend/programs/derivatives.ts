/** First and second derivatives through structured control flow. */
import {
  array,
  call,
  cond,
  grad,
  linearSolve,
  matmul,
  scan,
  select,
  valueAndGrad,
  whileLoop,
  type Tensor,
} from '@node-ode/core';
import { tensor, trips, type ProgramCase } from './program-case.ts';

/** A small network: weights [3, 3], bias [3], inputs [4, 3]. */
const network = (w: Tensor, b: Tensor, x: Tensor): Tensor =>
  matmul(x, w).add(b).tanh().mul(0.9).softplus().logSumExp({ axes: 1 }).mean();

export const derivatives: readonly ProgramCase[] = [
  {
    name: 'the gradient of a whileLoop of zero, one and many trips',
    inputs: trips([0, 1, 2, 60], (d) => [d.array([3]), d.array([])]),
    fn: ([n, x, b]) => {
      const loss = ({ x: start, b: shift }: { x: Tensor; b: Tensor }): Tensor =>
        whileLoop(
          { i: tensor(n).mul(0), x: start },
          ({ i }) => i.less(tensor(n)),
          (c) => ({ carry: { i: c.i.add(1), x: c.x.sin().mul(0.9).add(shift) } }),
        ).carry.x.sum();
      const { value, grad: gradient } = valueAndGrad(loss)({ x: tensor(x), b: tensor(b) });
      return [value, gradient.x, gradient.b];
    },
    slack: 50,
  },
  {
    name: 'the gradient of a whileLoop with checkpoints',
    inputs: trips([0, 1, 9, 60], (d) => [d.array([3]), d.array([])]),
    fn: ([n, x, b]) => {
      const loss = ({ x: start, b: shift }: { x: Tensor; b: Tensor }): Tensor =>
        whileLoop(
          { i: tensor(n).mul(0), x: start },
          ({ i }) => i.less(tensor(n)),
          (c) => {
            const advances = c.i.rem(3).notEqual(1);
            const next = c.x.sin().mul(0.9).add(shift);
            return { carry: { i: c.i.add(1), x: select(advances, next, c.x) }, advances };
          },
          { checkpoints: 6 },
        ).carry.x.sum();
      const { value, grad: gradient } = valueAndGrad(loss)({ x: tensor(x), b: tensor(b) });
      return [value, gradient.x, gradient.b];
    },
    slack: 50,
  },
  {
    name: 'the gradient of a scan, for its sequences, carry and captures',
    inputs: (d) => [0, 1, 6].map((rows) => [d.array([rows, 3]), d.array([3]), d.array([3, 3], -0.5, 0.5)]),
    fn: ([xs, h, w]) => {
      const loss = (p: { xs: Tensor; h: Tensor; w: Tensor }): Tensor => {
        const { carry, outputs } = scan(p.h, p.xs, (c, x) => {
          const next = matmul(c.add(x).reshape([1, 3]), p.w)
            .reshape([3])
            .tanh();
          return { carry: next, output: next.square().sum() };
        });
        return carry.sum().add(outputs.sum());
      };
      const g = grad(loss)({ xs: tensor(xs), h: tensor(h), w: tensor(w) });
      return [g.xs, g.h, g.w];
    },
    slack: 50,
  },
  {
    name: 'the gradient through cond, call and setRow in a loop',
    inputs: trips([0, 5], (d) => [d.array([6, 2]), d.array([2])]),
    fn: ([n, buffer, x]) => {
      const loss = (p: { buffer: Tensor; x: Tensor }): Tensor => {
        const f = call('f', (y: Tensor) => y.mul(p.x).sin());
        const { carry } = whileLoop(
          { i: tensor(n).mul(0), rows: p.buffer, y: p.x },
          ({ i }) => i.less(tensor(n)),
          (c) => {
            const y = cond(
              c.i.rem(2).equal(0),
              c.y,
              (a) => f(a),
              (a) => a.add(c.rows.at(c.i)),
            );
            return { carry: { i: c.i.add(1), rows: c.rows.setRow(c.i, y), y } };
          },
        );
        return carry.rows.square().sum().add(carry.y.sum());
      };
      const g = grad(loss)({ buffer: tensor(buffer), x: tensor(x) });
      return [g.buffer, g.x];
    },
    slack: 50,
  },
  {
    name: 'second derivatives through a whileLoop and a scan',
    inputs: trips([0, 1, 4], (d) => [d.array([2]), d.array([3, 2])]),
    fn: ([n, x, xs]) => {
      const loss = (y: Tensor): Tensor => {
        const looped = whileLoop(
          { i: tensor(n).mul(0), y },
          ({ i }) => i.less(tensor(n)),
          (c) => ({ carry: { i: c.i.add(1), y: c.y.sin().add(y.square().mul(0.3)) } }),
        ).carry.y;
        return scan(looped, tensor(xs), (c, row) => ({ carry: c.mul(row).tanh().add(y) })).carry.sum();
      };
      const slope = (y: Tensor): Tensor => grad(loss)(y).mul(tensor(xs).at(0)).sum();
      return [grad(loss)(tensor(x)), grad(slope)(tensor(x))];
    },
    slack: 100,
  },
  {
    name: 'first and second derivatives of linear systems',
    inputs: (d) => [
      [d.array([3, 3], -0.4, 0.4), d.array([3])],
      [d.array([2, 4, 4], -0.3, 0.3), d.array([2, 4])],
    ],
    fn: ([a, b]) => {
      const loss = (p: { a: Tensor; b: Tensor }): Tensor => {
        // Off the diagonal, so that it needs pivoting.
        const n = p.a.shape.at(-1) ?? 0;
        const shift = array(
          Array.from({ length: n * n }, (_, i) => Number(i % n === (Math.floor(i / n) + 1) % n)),
          {
            shape: [n, n],
            dtype: p.a.dtype,
          },
        );
        const x = linearSolve(p.a.add(shift), p.b);
        return x
          .sin()
          .mul(linearSolve(p.a.add(shift), x, { transposeA: true }))
          .sum();
      };
      const at = { a: tensor(a), b: tensor(b) };
      const first = grad(loss)(at);
      const second = grad((p: typeof at) => {
        const g = grad(loss)(p);
        return g.a.square().sum().add(g.b.square().sum());
      })(at);
      return [loss(at), first.a, first.b, second.a, second.b];
    },
    slack: 200,
  },
  {
    name: 'a training step of a small network',
    inputs: (d) => [[d.array([3, 3], -1, 1), d.array([3]), d.array([4, 3])]],
    fn: ([w, b, x]) => {
      const { value, grad: g } = valueAndGrad((p: { w: Tensor; b: Tensor }) => network(p.w, p.b, tensor(x)))({
        w: tensor(w),
        b: tensor(b),
      });
      return [value, tensor(w).sub(g.w.mul(0.1)), tensor(b).sub(g.b.mul(0.1))];
    },
  },
  {
    name: 'the gradient of gather, slice, concat, pad, cumsum, max and select',
    inputs: (d) => [[d.array([4, 3]), array([2, 0, 2], { dtype: 'i32' })]],
    fn: ([x, indices]) => [
      grad((y: Tensor) => {
        const taken = y.gather(tensor(indices)).cumsum(0);
        const moved = y.slice([1, 0], [3, 2]).pad([0, 1], [0, 0]).add(taken);
        return select(moved.greater(0), moved.square(), moved.exp())
          .sum()
          .add(y.max({ axes: 0 }).sum());
      })(tensor(x)),
    ],
  },
];
