/**
 * Random functions in which scalars, small vectors and tensors depend on each other through loops and branches: what has to be
 * divided between the host and the device.
 */
import { cond, scan, select, whileLoop, type Tensor } from '@node-ode/core';

/** Tensors that operations may use: scalars, vectors of four elements, matrices of two rows and three columns. */
export interface Pool {
  readonly scalars: readonly Tensor[];
  readonly vectors: readonly Tensor[];
  readonly matrices: readonly Tensor[];
}

/** Numbers that make choices; when they end, the first alternative is taken. */
export class Draws {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(n: number): number {
    return (this.#numbers[this.#next++] ?? 0) % n;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** A pool with up to `length` more tensors, each made by one random operation. */
export function mixed(draws: Draws, pool: Pool, length: number, depth = 0): Pool {
  const operations = depth < 2 ? [...plain, branch, loop, sequence] : plain;
  let grown = pool;
  for (let i = 0; i < length; i++) grown = draws.of(operations)(draws, grown, depth);
  return grown;
}

type Operation = (draws: Draws, pool: Pool, depth: number) => Pool;

const withScalar = (pool: Pool, x: Tensor): Pool => ({ ...pool, scalars: [...pool.scalars, x] });
const withVector = (pool: Pool, x: Tensor): Pool => ({ ...pool, vectors: [...pool.vectors, x] });
const withMatrix = (pool: Pool, x: Tensor): Pool => ({ ...pool, matrices: [...pool.matrices, x] });

/** Keeps numbers near 1. */
const tame = (x: Tensor): Tensor => x.tanh();

/** A row of a vector that a number picks. */
const indexOf = (x: Tensor): Tensor => tame(x).mul(1.9).add(2).cast('i32');

const plain: readonly Operation[] = [
  (d, p) => withMatrix(p, tame(d.of(p.matrices).mul(d.of(p.scalars)).add(d.of(p.matrices)))),
  (d, p) => withScalar(p, d.of([d.of(p.matrices).sum(), d.of(p.matrices).mean(), d.of(p.matrices).max()])),
  (d, p) => withScalar(p, tame(d.of(p.scalars).sub(d.of(p.scalars).mul(0.7)))),
  (d, p) => withScalar(p, select(d.of(p.scalars).less(0.1), d.of(p.scalars), d.of(p.scalars).neg())),
  (d, p) => withScalar(p, d.of(p.vectors).at(indexOf(d.of(p.scalars)))),
  (d, p) => withVector(p, d.of(p.vectors).setRow(indexOf(d.of(p.scalars)), d.of(p.scalars))),
  (d, p) => withVector(p, d.of(p.vectors).mul(d.of(p.scalars)).sin()),
  (d, p) => withMatrix(p, d.of(p.matrices).setRow(d.below(2), d.of(p.vectors).slice([1], [3]))),
];

/** The latest of each kind. */
const last = (p: Pool) => ({ s: p.scalars.at(-1)!, v: p.vectors.at(-1)!, m: p.matrices.at(-1)! });

/** One of each kind. */
const some = (d: Draws, p: Pool) => ({ s: d.of(p.scalars), v: d.of(p.vectors), m: d.of(p.matrices) });

const poolOf = ({ s, v, m }: ReturnType<typeof last>, outer: Pool): Pool => ({
  scalars: [outer.scalars[0]!, s],
  vectors: [outer.vectors[0]!, v],
  matrices: [outer.matrices[0]!, m],
});

const add = (p: Pool, x: ReturnType<typeof last>): Pool => withScalar(withVector(withMatrix(p, x.m), x.v), x.s);

const branch: Operation = (d, p, depth) => {
  const [n, m] = [d.below(3), d.below(3)];
  const side = (length: number) => (x: ReturnType<typeof last>) => last(mixed(d, poolOf(x, p), length, depth + 1));
  return add(p, cond(d.of(p.scalars).greater(d.of(p.scalars).mul(0.9)), some(d, p), side(n), side(m)));
};

const loop: Operation = (d, p, depth) => {
  const [trips, length] = [d.below(4), d.below(4)];
  const depends = d.below(2) === 1;
  const start = some(d, p);
  const { carry } = whileLoop(
    { i: start.s.mul(0).cast('i32'), x: start },
    ({ i, x }) => (depends ? i.less(trips).and(x.m.sum().less(2.1)) : i.less(trips)),
    ({ i, x }) => {
      const { s, v, m } = last(mixed(d, poolOf(x, p), length, depth + 1));
      return { carry: { i: i.add(1), x: { s: tame(s), v: tame(v), m: tame(m) } } };
    },
  );
  return add(p, carry.x);
};

const sequence: Operation = (d, p, depth) => {
  const [reverse, length] = [d.below(2) === 1, d.below(3)];
  const { s, m } = some(d, p);
  const { carry, outputs } = scan(
    { s, m },
    { at: d.of(p.vectors), row: d.of(p.vectors).mul(d.of(p.scalars)) },
    (c, e) => {
      const inner = mixed(d, poolOf({ s: c.s.add(e.at), v: p.vectors[0]!, m: c.m.mul(e.row) }, p), length, depth + 1);
      const x = last(inner);
      return { carry: { s: tame(x.s), m: tame(x.m) }, output: { s: x.s, total: x.m.sum() } };
    },
    { reverse },
  );
  return add(p, { s: carry.s, m: carry.m, v: outputs.s.add(outputs.total) });
};
