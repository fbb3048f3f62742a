/** Loops and tapes of zero, one and many trips. */
import { scan, select, whileLoop, zerosLike, type Tensor } from '@node-ode/core';
import { boolean, tensor, trips, type ProgramCase } from './program-case.ts';

/** x ← 0.9·x + b, n times, recording x. */
function recordedLoop(n: Tensor, x: Tensor, b: Tensor) {
  return whileLoop(
    { i: n.mul(0), x },
    ({ i }) => i.less(n),
    (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(0.9).add(b) }, tape: c.x }),
  );
}

export const loops: readonly ProgramCase[] = [
  {
    name: 'a whileLoop of zero, one and many trips',
    inputs: trips([0, 1, 2, 1000], (d) => [d.array([3]), d.array([])]),
    fn: ([n, x, b]) => {
      const { carry } = recordedLoop(tensor(n), tensor(x), tensor(b));
      return [carry.i, carry.x];
    },
  },
  {
    name: 'a tape of zero, one and many entries, read forwards and backwards',
    inputs: trips([0, 1, 2, 100], (d) => [d.array([3]), d.array([])]),
    fn: ([n, x, b]) => {
      const { tape } = recordedLoop(tensor(n), tensor(x), tensor(b));
      const weighted = (reverse: boolean): Tensor =>
        scan(zerosLike(tensor(x)), tape, (sum, entry) => ({ carry: sum.mul(0.5).add(entry) }), { reverse }).carry;
      return [weighted(false), weighted(true)];
    },
  },
  {
    name: 'tapes made by a scan of tapes',
    inputs: trips([0, 1, 7], (d) => [d.array([2, 2]), d.array([])]),
    fn: ([n, x, b]) => {
      const { tape } = recordedLoop(tensor(n), tensor(x), tensor(b));
      const first = scan(zerosLike(tensor(b)), tape, (sum, entry) => {
        const next = sum.add(entry.sum());
        return { carry: next, output: { partial: next, squared: entry.square() } };
      });
      const { partial, squared } = first.outputs;
      const second = scan(
        zerosLike(tensor(x)),
        { partial, squared, tape },
        (sum, e) => ({ carry: sum.mul(0.7).add(e.squared.mul(e.partial)).sub(e.tape) }),
        { reverse: true },
      );
      return [first.carry, second.carry];
    },
  },
  {
    name: 'iterations that do not advance leave no entry on the tape',
    inputs: trips([0, 1, 9], (d) => [d.array([2])]),
    fn: ([n, x]) => {
      const { carry, tape } = whileLoop(
        { i: tensor(n).mul(0), x: tensor(x) },
        ({ i }) => i.less(tensor(n)),
        (c) => {
          const advances = c.i.rem(3).notEqual(1);
          return { carry: { i: c.i.add(1), x: select(advances, c.x.mul(0.8).add(0.1), c.x) }, tape: c.x, advances };
        },
      );
      const read = scan({ count: tensor(n).mul(0), sum: zerosLike(tensor(x)) }, tape, (c, e) => ({
        carry: { count: c.count.add(1), sum: c.sum.mul(0.5).add(e) },
      }));
      return [carry.x, read.carry.count, read.carry.sum];
    },
  },
  {
    name: 'a scan along tensors, forwards and backwards, of zero, one and many rows',
    inputs: (d) => [0, 1, 6].map((rows) => [d.array([rows, 3]), d.array([rows])]),
    fn: ([xs, ws]) =>
      [false, true].flatMap((reverse) => {
        const { carry, outputs } = scan(
          tensor(ws).sum().mul(0),
          { x: tensor(xs), w: tensor(ws) },
          (sum, { x, w }) => {
            const next = sum.mul(0.5).add(x.sum().mul(w));
            return { carry: next, output: { next, scaled: x.mul(next) } };
          },
          { reverse },
        );
        return [carry, outputs.next, outputs.scaled];
      }),
  },
  {
    name: 'a scan over a length alone',
    inputs: (d) => [[d.array([2])]],
    fn: ([x]) => {
      const { carry, outputs } = scan(tensor(x), [], (c) => ({ carry: c.mul(c).mul(0.3).add(0.2), output: c }), {
        length: 5,
      });
      return [carry, outputs];
    },
  },
  {
    name: 'a carry whose leaves change places, of every dtype',
    inputs: trips([0, 1, 4, 5], (d) => [d.array([3]), d.array([3]), boolean(true)]),
    fn: ([n, x, y, flag]) => {
      const { carry } = whileLoop(
        { i: tensor(n).mul(0), a: tensor(x), b: tensor(y), same: tensor(x), flag: tensor(flag) },
        ({ i }) => i.less(tensor(n)),
        (c) => ({ carry: { i: c.i.add(1), a: c.b, b: c.a, same: c.same, flag: c.flag.not() } }),
      );
      return [carry.a, carry.b, carry.same, carry.flag, carry.i];
    },
  },
  {
    name: 'a condition on floats, and conditions that change what they read',
    inputs: (d) => [[d.array([4], 1, 9)], [d.array([4], -2, -1)]],
    fn: ([x]) => {
      const { carry } = whileLoop(
        { x: tensor(x) },
        (c) => c.x.max().greater(0.5).and(c.x.isFinite().all()),
        (c) => ({ carry: { x: c.x.mul(0.5) } }),
      );
      return [carry.x];
    },
  },
];
