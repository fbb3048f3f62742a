/** Bodies within bodies, and buffers that a loop writes. */
import { array, asTensor, call, cond, scan, whileLoop, zerosLike, type Tensor } from '@node-ode/core';
import { boolean, tensor, trips, type ProgramCase } from './program-case.ts';

export const nests: readonly ProgramCase[] = [
  {
    name: 'both branches of a cond, and what they capture',
    inputs: (d) => [true, false].map((flag) => [boolean(flag), d.array([3]), d.array([3])]),
    fn: ([p, x, y]) => {
      const outer = tensor(y).mul(2);
      const chosen = cond(
        tensor(p),
        { x: tensor(x) },
        (o) => ({ a: o.x.add(outer), b: tensor(y) }),
        (o) => ({ a: o.x.sub(outer).exp(), b: o.x }),
      );
      return [chosen.a, chosen.b];
    },
  },
  {
    name: 'a cond in a cond, with an operand for a result',
    inputs: (d) => [
      [boolean(true), boolean(true), d.array([2])],
      [boolean(true), boolean(false), d.array([2])],
      [boolean(false), boolean(true), d.array([2])],
    ],
    fn: ([p, q, x]) => [
      cond(
        tensor(p),
        tensor(x),
        (a) =>
          cond(
            tensor(q),
            a,
            (b) => b.exp(),
            (b) => b,
          ),
        (a) => a.neg(),
      ),
    ],
  },
  {
    name: 'a whileLoop in a scan in a cond',
    inputs: (d) => [true, false].map((flag) => [boolean(flag), d.array([4, 2], 0.1, 3), d.array([2])]),
    fn: ([p, xs, b]) => {
      const halve = (x: Tensor): Tensor =>
        whileLoop(
          { x },
          (c) => c.x.sum().greater(1),
          (c) => ({ carry: { x: c.x.mul(0.5).add(tensor(b).mul(0.01)) } }),
        ).carry.x;
      const result = cond(
        tensor(p),
        tensor(xs),
        (rows) => {
          const { carry, outputs } = scan(zerosLike(tensor(b)), rows, (sum, x) => {
            const next = halve(x).add(sum);
            return { carry: next, output: next };
          });
          return { carry, outputs };
        },
        (rows) => ({ carry: rows.at(1), outputs: rows.mul(tensor(b)) }),
      );
      return [result.carry, result.outputs];
    },
  },
  {
    name: 'a cond and a scan in a whileLoop',
    inputs: trips([0, 5], (d) => [d.array([3, 2])]),
    fn: ([n, xs]) => {
      const { carry } = whileLoop(
        { i: tensor(n).mul(0), xs: tensor(xs), total: zerosLike(tensor(xs).at(0)) },
        ({ i }) => i.less(tensor(n)),
        (c) => {
          const next = cond(
            c.i.rem(2).equal(0),
            c.xs,
            (x) => x.mul(0.5),
            (x) => x.add(0.25).sin(),
          );
          const { carry: total } = scan(c.total, next, (sum, row) => ({ carry: sum.mul(0.9).add(row) }));
          return { carry: { i: c.i.add(1), xs: next, total } };
        },
      );
      return [carry.xs, carry.total];
    },
  },
  {
    name: 'a subgraph called from several places, and calls within calls',
    inputs: (d) => [[d.array([3]), d.array([3])]],
    fn: ([x, w]) => {
      const inner = call('inner', (y: Tensor) => y.mul(tensor(w)).tanh());
      const outer = call('outer', (y: Tensor) => inner(y).add(inner(y.mul(2))));
      const { carry } = scan(tensor(x), [], (c) => ({ carry: outer(c) }), { length: 3 });
      return [carry, outer(tensor(x)), inner(carry)];
    },
  },
];

export const buffers: readonly ProgramCase[] = [
  {
    name: 'a buffer that is written in a loop, and read as it was before',
    inputs: trips([0, 1, 4], (d) => [d.array([4, 3]), d.array([3])]),
    fn: ([n, buffer, row]) => {
      const { carry } = whileLoop(
        { i: tensor(n).mul(0), rows: tensor(buffer) },
        ({ i }) => i.less(tensor(n)),
        (c) => ({
          carry: {
            i: c.i.add(1),
            rows: c.rows.setRow(
              c.i,
              tensor(row)
                .mul(c.i.cast(tensor(row).dtype))
                .add(c.rows.at(0)),
            ),
          },
        }),
      );
      return [carry.rows, tensor(buffer), tensor(buffer).setRow(1, tensor(row)), tensor(buffer).sum()];
    },
  },
  {
    name: 'inputs, constants and one value several times as results',
    inputs: (d) => [[d.array([2, 2]), d.array([])]],
    fn: ([x, y]) => {
      const twice = tensor(x).add(tensor(y));
      const host = asTensor(array([1, 2, 3], { dtype: 'i32' }));
      return [
        tensor(x),
        twice,
        twice,
        tensor(x),
        tensor(y),
        host,
        zerosLike(twice),
        twice.reshape([4]),
        tensor(x).transpose(),
      ];
    },
  },
  {
    name: 'a value that is used again after operations that could be done in place',
    inputs: (d) => [[d.array([5]), d.array([5])]],
    fn: ([x, y]) => {
      const a = tensor(x).mul(2);
      const [b, c] = [a.add(1), a.neg()];
      const d = b.add(c).mul(a);
      return [a, b, c, d.sub(a), a.mul(a).add(a), tensor(y).add(tensor(y)), tensor(x)];
    },
  },
];
