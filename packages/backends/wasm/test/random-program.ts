/** Random functions of tensors: a list of choices becomes operations on a pool of tensors, loops and branches included. */
import {
  concat,
  cond,
  jvp,
  linearCombination,
  scan,
  select,
  stack,
  valueAndGrad,
  vjp,
  whileLoop,
  zerosLike,
  type Tensor,
} from '@node-ode/core';

/** Each choice is made by one number of the list; a list that ends leaves the first alternative. */
export class Choices {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  get isDone(): boolean {
    return this.#next >= this.#numbers.length;
  }

  below(n: number): number {
    return (this.#numbers[this.#next++] ?? 0) % n;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

const [rows, columns] = [5, 3];
const isMatrix = (x: Tensor): boolean => x.shape.join() === `${rows},${columns}`;

/** Any tensor of the pool as a matrix [5, 3]. */
function matrix(x: Tensor): Tensor {
  if (isMatrix(x)) return x;
  if (x.shape.join() === `${columns},${rows}`) return x.transpose();
  return zerosLike(x)
    .sum()
    .broadcastTo([rows, columns])
    .add(x.shape.length <= 2 && x.shape.reduce((a, b) => a * b, 1) <= columns ? x.sum() : x.mean());
}

/** Keeps numbers near 1, so that errors don't grow. */
const tame = (x: Tensor): Tensor => x.tanh();

type Operation = (choices: Choices, pool: readonly Tensor[], depth: number) => Tensor;

const unary: Operation = (choices, pool) => {
  const x = choices.of(pool);
  return choices.of([
    (t: Tensor) => t.neg(),
    (t: Tensor) => t.abs(),
    (t: Tensor) => t.tanh(),
    (t: Tensor) => t.sigmoid(),
    (t: Tensor) => t.square(),
    (t: Tensor) => t.sin(),
    (t: Tensor) => t.abs().add(1).log(),
    (t: Tensor) => t.floor(),
  ])(x);
};

const binary: Operation = (choices, pool) => {
  const [x, y] = [choices.of(pool), choices.of(pool)];
  const [a, b] = fits(x, y) ? [x, y] : [matrix(x), matrix(y)];
  return choices.of([
    (s: Tensor, t: Tensor) => s.add(t),
    (s: Tensor, t: Tensor) => s.sub(t),
    (s: Tensor, t: Tensor) => s.mul(t),
    (s: Tensor, t: Tensor) => s.maximum(t),
    (s: Tensor, t: Tensor) => s.div(t.abs().add(1)),
    (s: Tensor, t: Tensor) => select(s.less(t), s, t),
  ])(a, b);
};

function fits(x: Tensor, y: Tensor): boolean {
  const n = Math.max(x.shape.length, y.shape.length);
  return Array.from({ length: n }, (_, i) => [x.shape.at(-1 - i) ?? 1, y.shape.at(-1 - i) ?? 1]).every(
    ([a, b]) => a === b || a === 1 || b === 1,
  );
}

const reduction: Operation = (choices, pool) => {
  const x = matrix(choices.of(pool));
  const axis = choices.of([[0], [1], [0, 1]]);
  const keepDims = choices.below(2) === 1;
  return choices.of([
    () => x.sum({ axes: axis, keepDims }),
    () => x.mean({ axes: axis, keepDims }),
    () => x.max({ axes: axis, keepDims }),
    () => x.min({ axes: axis, keepDims }),
    () => x.softmax(-1),
  ])();
};

const movement: Operation = (choices, pool) => {
  const x = matrix(choices.of(pool));
  return choices.of([
    () => x.transpose(),
    () => x.slice([1, 0], [2, columns]),
    () => x.slice([0, choices.below(2)], [rows, 1]),
    () => x.reshape([columns, rows]),
    () => concat([x.slice([2, 0], [3, columns]), x.slice([0, 0], [2, columns])], 0),
    () => x.at(choices.below(rows)),
    () => stack([x.at(1), x.at(0)], 0),
  ])();
};

/** Another version of a tensor, which may still be used. */
const row: Operation = (choices, pool) => {
  const x = matrix(choices.of(pool));
  return x.setRow(choices.below(rows), x.at(choices.below(rows)));
};

const product: Operation = (choices, pool) => {
  const [x, y] = [matrix(choices.of(pool)), matrix(choices.of(pool))];
  return choices.below(2) === 0
    ? x.matmul(y, { transposeB: true }).matmul(y).mul(0.1)
    : x.matmul(y.matmul(x, { transposeA: true }).mul(0.1));
};

const combination: Operation = (choices, pool) => {
  const terms = [matrix(choices.of(pool)), matrix(choices.of(pool)), matrix(choices.of(pool))];
  const h = choices.of(pool).mean();
  return linearCombination([1, h, h], terms, [1, 0.25, -0.5]);
};

const branch: Operation = (choices, pool, depth) => {
  // Means of the same numbers differ by rounding: a number that none of them is near keeps engines on one branch.
  const predicate = choices.of(pool).mean().greater(choices.of(pool).mean().add(0.0123));
  const operands = [matrix(choices.of(pool)), matrix(choices.of(pool)), matrix(choices.of(pool))];
  const forms = [choices.below(3), choices.below(3)] as const;
  const build =
    (form: number) =>
    (given: readonly Tensor[]): Tensor => {
      if (form === 0) return given[0]!;
      if (form === 1) return given[1]!;
      return matrix(program(choices, given, 2, depth + 1));
    };
  return cond(predicate, operands, build(forms[0]), build(forms[1]));
};

const loop: Operation = (choices, pool, depth) => {
  const start = { x: matrix(choices.of(pool)), y: matrix(choices.of(pool)), rows: matrix(choices.of(pool)) };
  const outer = matrix(choices.of(pool));
  const trips = choices.below(4);
  const swaps = choices.below(2) === 1;
  const accepts = choices.below(2) === 1;
  const forks = choices.below(3) === 1;
  const { carry } = whileLoop(
    { i: outer.sum().mul(0).cast('i32'), ...start },
    ({ i }) => i.less(trips),
    ({ i, x, y, rows: buffer }) => {
      const next = tame(matrix(program(choices, [x, y, outer], 2, depth + 1)));
      const kept = accepts
        ? cond(
            next.mean().greater(0),
            [next, x],
            ([a]) => a!,
            ([, b]) => b!,
          )
        : next;
      return {
        carry: {
          i: i.add(1),
          x: swaps ? y : kept,
          y: swaps ? kept : y,
          rows: (forks ? kept : buffer).setRow(i, kept.at(0)),
        },
      };
    },
  );
  return choices.of([carry.x, carry.rows, carry.y]).add(carry.y);
};

const sequence: Operation = (choices, pool, depth) => {
  const [x, start] = [matrix(choices.of(pool)), matrix(choices.of(pool)).at(0)];
  const reverse = choices.below(2) === 1;
  const { carry, outputs } = scan(
    start,
    x,
    (state, row) => {
      const next = tame(
        matrix(program(choices, [state, row], 2, depth + 1))
          .at(1)
          .add(row),
      );
      return { carry: next, output: next.mul(2) };
    },
    { reverse },
  );
  return outputs.add(carry);
};

const flat: readonly Operation[] = [binary, unary, row, reduction, movement, product, combination];
const nested: readonly Operation[] = [...flat, branch, loop, sequence];

/** The operands and up to `length` tensors that depend on them, each made by one operation. */
export function pool(choices: Choices, operands: readonly Tensor[], length: number, depth = 0): readonly Tensor[] {
  const tensors = [...operands];
  for (let i = 0; i < length && !(choices.isDone && i > 0); i++) {
    const operation = choices.of(depth < 2 ? nested : flat);
    tensors.push(operation(choices, tensors, depth));
  }
  return tensors;
}

/** A tensor that depends on the operands by up to `length` operations. */
const program = (choices: Choices, operands: readonly Tensor[], length: number, depth = 0): Tensor =>
  pool(choices, operands, length, depth).at(-1)!;

/** The tangent of a random program along a direction, and ⟨w, J·v⟩ beside ⟨Jᵀ·w, v⟩: forward and reverse mode of the same. */
export function withTangent(numbers: readonly number[], length: number) {
  return (x: Tensor, w: Tensor): readonly Tensor[] => {
    interface Given {
      readonly x: Tensor;
      readonly w: Tensor;
    }
    const outputs = (given: Given): Tensor => tame(program(new Choices(numbers), [given.x, given.w], length));
    const v: Given = { x: x.cos(), w: w.sin() };
    const { value, tangent } = jvp(outputs, { x, w }, v);
    const weights = value.add(1);
    const pulled = vjp(outputs, { x, w }).pullback(weights);
    return [tangent, weights.mul(tangent).sum(), pulled.x.mul(v.x).sum().add(pulled.w.mul(v.w).sum())];
  };
}

/** Several results of a random program, and the gradient of their sum. */
export function withGradient(numbers: readonly number[], length: number) {
  return (x: Tensor, w: Tensor): readonly Tensor[] => {
    const outputs = (given: { readonly x: Tensor; readonly w: Tensor }): Tensor =>
      tame(program(new Choices(numbers), [given.x, given.w], length)).mul(given.w.mean());
    const { value, grad } = valueAndGrad((given: { x: Tensor; w: Tensor }) => outputs(given).sum())({ x, w });
    return [outputs({ x, w }), value, grad.x, grad.w];
  };
}
