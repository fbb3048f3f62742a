/** `jvp` and `hvp`: forward-mode derivatives of functions over trees, differentiable themselves, by either mode. */
import { DifferentiationError, DTypeError, ShapeError, TreeError } from '../errors.ts';
import { formatType, sameType } from '../graph/graph.ts';
import { isDifferentiable } from '../graph/infer.ts';
import { isTensor, type Tensor } from '../tensor/tensor.ts';
import { describe, flattenTree, type TreeStructure } from '../tree.ts';
import { materialize } from './accumulate.ts';
import { pushFunction } from './forward/push-forward.ts';
import { grad } from './vjp.ts';

/** A direction: a tree of the structure of `X` whose leaves and branches may be null or left out, which means zero. */
export type Tangents<X> = X extends Tensor
  ? X | null | undefined
  : X extends object
    ? { readonly [K in keyof X]?: Tangents<X[K]> } | null | undefined
    : never;

/** A function's value and its derivative along a direction. */
export interface Jvp<Y> {
  readonly value: Y;
  /** ∂f/∂x·v. Leaves that do not depend on what moves are exact zeros, integers and booleans among them. */
  readonly tangent: Y;
}

/**
 * The value of `f` at `x`, and its derivative along the direction `v`, in one pass: forward mode. It costs about as much
 * again as `f`, whatever the number of results, and keeps nothing for later: loops carry their tangents along, in O(1)
 * memory. Tensors that `f` uses by closure are constants here. Prefer `grad` for few results of many arguments.
 *
 * Through `odeint` it gives the sensitivities of the discrete solution, which are solved for beside the state with the same
 * steps: the controller sees the state alone, and step sizes are constants. An evaluation of the dynamics with tangents
 * counts as one.
 *
 * @throws DifferentiationError if a leaf of `x` that is no float has a tangent; TreeError, ShapeError or DTypeError if a
 * tangent has no counterpart in `x`, or not its shape or dtype.
 * @example
 * const { value, tangent } = jvp((x: Tensor) => x.square(), x, onesLike(x)); // tangent: 2·x
 * jvp(({ w, b }) => net(w, b), params, { w: direction }); // b stands still
 */
export function jvp<X, Y>(f: (x: X) => Y, x: X, v: Tangents<X>): Jvp<Y> {
  const inputs = flattenTree('jvp', x, isTensor);
  const tangents = alignTangents(inputs.leaves, inputs.structure, v);
  let results: TreeStructure | undefined;
  const pushed = pushFunction(
    'jvp',
    (leaves) => {
      const result = flattenTree('jvp', f(inputs.structure.rebuild(leaves) as X), isTensor);
      results = result.structure;
      return result.leaves;
    },
    inputs.leaves,
    tangents,
  );
  const all = pushed.outputs.map((output, i) => materialize(pushed.tangents[i] ?? null, output));
  return { value: results?.rebuild(pushed.outputs) as Y, tangent: results?.rebuild(all) as Y };
}

/**
 * The product of the Hessian of a scalar function with a direction, by forward mode over reverse mode: about the cost of
 * two gradients, and no Hessian is ever stored.
 *
 * @throws as `grad` and `jvp`.
 * @example
 * const product = hvp((x: Tensor) => x.pow(3).sum())(x, v); // 6·x·v
 */
export function hvp<X>(f: (x: X) => Tensor): (x: X, v: Tangents<X>) => X {
  return (x, v) => jvp(grad<X, readonly []>(f), x, v).tangent;
}

/** The tangent of each leaf, null where the direction has none. */
function alignTangents(leaves: readonly Tensor[], structure: TreeStructure, v: unknown): readonly (Tensor | null)[] {
  const tangents: (Tensor | null)[] = leaves.map(() => null);
  const visit = (position: unknown, given: unknown, path: string): void => {
    if (given === null || given === undefined) return;
    if (typeof position === 'number') {
      tangents[position] = requireTangent(given, leaves[position] as Tensor, path);
      return;
    }
    if (isTensor(given) || typeof given !== 'object' || Array.isArray(given) !== Array.isArray(position)) {
      throw new TreeError('jvp', `the tangent${at(path)} is ${isTensor(given) ? 'a tensor' : describe(given)}`, {
        expected: 'a tree like the argument, where null or nothing means zero',
      });
    }
    const children = position as Readonly<Record<string, unknown>>;
    for (const [key, child] of Object.entries(given)) {
      const inner = Array.isArray(given) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(children, key)) {
        throw new TreeError('jvp', `the tangent has '${inner}', and the argument has nothing there`, {
          expected: 'a tree like the argument, where null or nothing means zero',
        });
      }
      visit(children[key], child, inner);
    }
  };
  visit(structure.rebuild(leaves.map((_, i) => i)), v, '');
  return tangents;
}

function requireTangent(given: unknown, leaf: Tensor, path: string): Tensor {
  if (!isTensor(given)) {
    throw new TreeError('jvp', `the tangent${at(path)} is ${describe(given)}`, {
      expected: 'a tensor, or null for zero',
    });
  }
  if (!isDifferentiable(leaf.type)) {
    throw new DifferentiationError(
      'jvp',
      `leaf '${path}' of the argument is ${formatType(leaf.type)}, with a tangent`,
      {
        expected: 'f32 or f64: integers and booleans have no derivative',
        advice: 'Leave its tangent out.',
      },
    );
  }
  if (sameType(given.type, leaf.type)) return given;
  const Mismatch = given.dtype === leaf.dtype ? ShapeError : DTypeError;
  throw new Mismatch('jvp', `the tangent${at(path)} is ${formatType(given.type)}`, {
    expected: `${formatType(leaf.type)}, as the argument`,
  });
}

const at = (path: string): string => (path === '' ? '' : ` of '${path}'`);
