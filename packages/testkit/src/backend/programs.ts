/** Programs of structured control flow, with their first and second derivatives, against the oracle. */
import {
  array,
  asTensor,
  call,
  cond,
  grad,
  isFloat,
  matmul,
  random,
  scan,
  select,
  valueAndGrad,
  whileLoop,
  zerosLike,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { demandSameArray } from '../support/numbers.ts';
import { program } from '../support/program.ts';
import { draw, type Draw } from './cases/draw.ts';
import type { BackendSubject } from './subject.ts';
import { solvePrograms } from './solve-programs.ts';

/** A traced function with inputs for it. */
export interface ProgramCase {
  readonly name: string;
  readonly inputs: (draw: Draw) => readonly (readonly HostArray[])[];
  readonly fn: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** Multiplies the tolerances: a long computation rounds more. */
  readonly slack?: number;
}

export function programChecks(subject: BackendSubject): readonly Check[] {
  return [...loops, ...nests, ...buffers, ...derivatives, ...solvePrograms].map((c) =>
    check(c.name, () => compareProgram(subject, c)),
  );
}

async function compareProgram(subject: BackendSubject, { name, inputs, fn, slack = 10 }: ProgramCase): Promise<void> {
  const backend = await subject.shared();
  const supported = subject.dtypes(backend);
  for (const dtype of supported.filter(isFloat)) {
    const [expectedOf, actualOf] = [program(subject.oracle, fn), program(backend, fn)];
    for (const [run, given] of inputs(draw(random(subject.seed), dtype, supported)).entries()) {
      const expected = await expectedOf(given);
      const actual = await actualOf(given);
      expected.outputs.forEach((output, i) => {
        const { rtol, atol } = subject.tolerance(output.dtype);
        demandSameArray(`${name} (${dtype}), run ${run + 1}, result ${i + 1}`, actual.outputs[i] as HostArray, output, {
          rtol: rtol * slack,
          atol: atol * slack,
        });
      });
    }
  }
}

const i32 = (n: number): HostArray => array([n], { shape: [], dtype: 'i32' });
const bool = (x: boolean): HostArray => array([x ? 1 : 0], { shape: [], dtype: 'bool' });

/** Each number of trips with the same other inputs. */
const trips = (counts: readonly number[], rest: (draw: Draw) => readonly HostArray[]) => (source: Draw) =>
  counts.map((n) => [i32(n), ...rest(source)]);

const T = (x: Tensor | undefined): Tensor => x as Tensor;

/** x ← 0.9·x + b, n times, recording x. */
function recordedLoop(n: Tensor, x: Tensor, b: Tensor) {
  return whileLoop(
    { i: n.mul(0), x },
    ({ i }) => i.less(n),
    (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(0.9).add(b) }, tape: c.x }),
  );
}

const loops: readonly ProgramCase[] = [
  {
    name: 'a whileLoop of zero, one and many trips',
    inputs: trips([0, 1, 2, 1000], (d) => [d.array([3]), d.array([])]),
    fn: ([n, x, b]) => {
      const { carry } = recordedLoop(T(n), T(x), T(b));
      return [carry.i, carry.x];
    },
  },
  {
    name: 'a tape of zero, one and many entries, read forwards and backwards',
    inputs: trips([0, 1, 2, 100], (d) => [d.array([3]), d.array([])]),
    fn: ([n, x, b]) => {
      const { tape } = recordedLoop(T(n), T(x), T(b));
      const weighted = (reverse: boolean): Tensor =>
        scan(zerosLike(T(x)), tape, (sum, entry) => ({ carry: sum.mul(0.5).add(entry) }), { reverse }).carry;
      return [weighted(false), weighted(true)];
    },
  },
  {
    name: 'tapes made by a scan of tapes',
    inputs: trips([0, 1, 7], (d) => [d.array([2, 2]), d.array([])]),
    fn: ([n, x, b]) => {
      const { tape } = recordedLoop(T(n), T(x), T(b));
      const first = scan(zerosLike(T(b)), tape, (sum, entry) => {
        const next = sum.add(entry.sum());
        return { carry: next, output: { partial: next, squared: entry.square() } };
      });
      const { partial, squared } = first.outputs;
      const second = scan(
        zerosLike(T(x)),
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
        { i: T(n).mul(0), x: T(x) },
        ({ i }) => i.less(T(n)),
        (c) => {
          const advances = c.i.rem(3).notEqual(1);
          return { carry: { i: c.i.add(1), x: select(advances, c.x.mul(0.8).add(0.1), c.x) }, tape: c.x, advances };
        },
      );
      const read = scan({ count: T(n).mul(0), sum: zerosLike(T(x)) }, tape, (c, e) => ({
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
          T(ws).sum().mul(0),
          { x: T(xs), w: T(ws) },
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
      const { carry, outputs } = scan(T(x), [], (c) => ({ carry: c.mul(c).mul(0.3).add(0.2), output: c }), {
        length: 5,
      });
      return [carry, outputs];
    },
  },
  {
    name: 'a carry whose leaves change places, of every dtype',
    inputs: trips([0, 1, 4, 5], (d) => [d.array([3]), d.array([3]), bool(true)]),
    fn: ([n, x, y, flag]) => {
      const { carry } = whileLoop(
        { i: T(n).mul(0), a: T(x), b: T(y), same: T(x), flag: T(flag) },
        ({ i }) => i.less(T(n)),
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
        { x: T(x) },
        (c) => c.x.max().greater(0.5).and(c.x.isFinite().all()),
        (c) => ({ carry: { x: c.x.mul(0.5) } }),
      );
      return [carry.x];
    },
  },
];

const nests: readonly ProgramCase[] = [
  {
    name: 'both branches of a cond, and what they capture',
    inputs: (d) => [true, false].map((flag) => [bool(flag), d.array([3]), d.array([3])]),
    fn: ([p, x, y]) => {
      const outer = T(y).mul(2);
      const chosen = cond(
        T(p),
        { x: T(x) },
        (o) => ({ a: o.x.add(outer), b: T(y) }),
        (o) => ({ a: o.x.sub(outer).exp(), b: o.x }),
      );
      return [chosen.a, chosen.b];
    },
  },
  {
    name: 'a cond in a cond, with an operand for a result',
    inputs: (d) => [
      [bool(true), bool(true), d.array([2])],
      [bool(true), bool(false), d.array([2])],
      [bool(false), bool(true), d.array([2])],
    ],
    fn: ([p, q, x]) => [
      cond(
        T(p),
        T(x),
        (a) =>
          cond(
            T(q),
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
    inputs: (d) => [true, false].map((flag) => [bool(flag), d.array([4, 2], 0.1, 3), d.array([2])]),
    fn: ([p, xs, b]) => {
      const halve = (x: Tensor): Tensor =>
        whileLoop(
          { x },
          (c) => c.x.sum().greater(1),
          (c) => ({ carry: { x: c.x.mul(0.5).add(T(b).mul(0.01)) } }),
        ).carry.x;
      const result = cond(
        T(p),
        T(xs),
        (rows) => {
          const { carry, outputs } = scan(zerosLike(T(b)), rows, (sum, x) => {
            const next = halve(x).add(sum);
            return { carry: next, output: next };
          });
          return { carry, outputs };
        },
        (rows) => ({ carry: rows.at(1), outputs: rows.mul(T(b)) }),
      );
      return [result.carry, result.outputs];
    },
  },
  {
    name: 'a cond and a scan in a whileLoop',
    inputs: trips([0, 5], (d) => [d.array([3, 2])]),
    fn: ([n, xs]) => {
      const { carry } = whileLoop(
        { i: T(n).mul(0), xs: T(xs), total: zerosLike(T(xs).at(0)) },
        ({ i }) => i.less(T(n)),
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
      const inner = call('inner', (y: Tensor) => y.mul(T(w)).tanh());
      const outer = call('outer', (y: Tensor) => inner(y).add(inner(y.mul(2))));
      const { carry } = scan(T(x), [], (c) => ({ carry: outer(c) }), { length: 3 });
      return [carry, outer(T(x)), inner(carry)];
    },
  },
];

const buffers: readonly ProgramCase[] = [
  {
    name: 'a buffer that is written in a loop, and read as it was before',
    inputs: trips([0, 1, 4], (d) => [d.array([4, 3]), d.array([3])]),
    fn: ([n, buffer, row]) => {
      const { carry } = whileLoop(
        { i: T(n).mul(0), rows: T(buffer) },
        ({ i }) => i.less(T(n)),
        (c) => ({
          carry: {
            i: c.i.add(1),
            rows: c.rows.setRow(
              c.i,
              T(row)
                .mul(c.i.cast(T(row).dtype))
                .add(c.rows.at(0)),
            ),
          },
        }),
      );
      return [carry.rows, T(buffer), T(buffer).setRow(1, T(row)), T(buffer).sum()];
    },
  },
  {
    name: 'inputs, constants and one value several times as results',
    inputs: (d) => [[d.array([2, 2]), d.array([])]],
    fn: ([x, y]) => {
      const twice = T(x).add(T(y));
      const host = asTensor(array([1, 2, 3], { dtype: 'i32' }));
      return [T(x), twice, twice, T(x), T(y), host, zerosLike(twice), twice.reshape([4]), T(x).transpose()];
    },
  },
  {
    name: 'a value that is used again after operations that could be done in place',
    inputs: (d) => [[d.array([5]), d.array([5])]],
    fn: ([x, y]) => {
      const a = T(x).mul(2);
      const [b, c] = [a.add(1), a.neg()];
      const d = b.add(c).mul(a);
      return [a, b, c, d.sub(a), a.mul(a).add(a), T(y).add(T(y)), T(x)];
    },
  },
];

/** A small network: weights [3, 3], bias [3], inputs [4, 3]. */
const network = (w: Tensor, b: Tensor, x: Tensor): Tensor =>
  matmul(x, w).add(b).tanh().mul(0.9).softplus().logSumExp({ axes: 1 }).mean();

const derivatives: readonly ProgramCase[] = [
  {
    name: 'the gradient of a whileLoop of zero, one and many trips',
    inputs: trips([0, 1, 2, 60], (d) => [d.array([3]), d.array([])]),
    fn: ([n, x, b]) => {
      const loss = ({ x: start, b: shift }: { x: Tensor; b: Tensor }): Tensor =>
        whileLoop(
          { i: T(n).mul(0), x: start },
          ({ i }) => i.less(T(n)),
          (c) => ({ carry: { i: c.i.add(1), x: c.x.sin().mul(0.9).add(shift) } }),
        ).carry.x.sum();
      const { value, grad: gradient } = valueAndGrad(loss)({ x: T(x), b: T(b) });
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
      const g = grad(loss)({ xs: T(xs), h: T(h), w: T(w) });
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
          { i: T(n).mul(0), rows: p.buffer, y: p.x },
          ({ i }) => i.less(T(n)),
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
      const g = grad(loss)({ buffer: T(buffer), x: T(x) });
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
          { i: T(n).mul(0), y },
          ({ i }) => i.less(T(n)),
          (c) => ({ carry: { i: c.i.add(1), y: c.y.sin().add(y.square().mul(0.3)) } }),
        ).carry.y;
        return scan(looped, T(xs), (c, row) => ({ carry: c.mul(row).tanh().add(y) })).carry.sum();
      };
      const slope = (y: Tensor): Tensor => grad(loss)(y).mul(T(xs).at(0)).sum();
      return [grad(loss)(T(x)), grad(slope)(T(x))];
    },
    slack: 100,
  },
  {
    name: 'a training step of a small network',
    inputs: (d) => [[d.array([3, 3], -1, 1), d.array([3]), d.array([4, 3])]],
    fn: ([w, b, x]) => {
      const { value, grad: g } = valueAndGrad((p: { w: Tensor; b: Tensor }) => network(p.w, p.b, T(x)))({
        w: T(w),
        b: T(b),
      });
      return [value, T(w).sub(g.w.mul(0.1)), T(b).sub(g.b.mul(0.1))];
    },
  },
  {
    name: 'the gradient of gather, slice, concat, pad, cumsum, max and select',
    inputs: (d) => [[d.array([4, 3]), array([2, 0, 2], { dtype: 'i32' })]],
    fn: ([x, indices]) => [
      grad((y: Tensor) => {
        const taken = y.gather(T(indices)).cumsum(0);
        const moved = y.slice([1, 0], [3, 2]).pad([0, 1], [0, 0]).add(taken);
        return select(moved.greater(0), moved.square(), moved.exp())
          .sum()
          .add(y.max({ axes: 0 }).sum());
      })(T(x)),
    ],
  },
];
