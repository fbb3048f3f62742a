/** Trees: states, parameters and batches as plain nested arrays and objects. Types follow the structure through. */
import { isHostArray } from './array.ts';
import { TreeError } from './errors.ts';
import { formatType, tensorType } from './graph/graph.ts';

/** A nested structure with leaves of type `L`. Object keys are visited in sorted order, so the order in which they were written is free. */
export type Tree<L> = L | readonly Tree<L>[] | { readonly [key: string]: Tree<L> };

/** `Y` with every leaf `From` replaced by `To`: homomorphic, so interfaces, readonly tuples and optional keys survive. */
export type MapLeaves<Y, From, To> = Y extends From
  ? To
  : Y extends object
    ? { [K in keyof Y]: MapLeaves<Y[K], From, To> }
    : never;

/** The structure of a tree without its leaves. */
export interface TreeStructure {
  /** Where each leaf is: `layers[0].weight`. */
  readonly paths: readonly string[];
  /** The same string for the same structure, and for no other. */
  readonly key: string;
  rebuild(leaves: readonly unknown[]): unknown;
}

/** Tells leaves from branches. */
export type IsLeaf<L> = (x: unknown) => x is L;

type Branch = readonly unknown[] | Readonly<Record<string, unknown>>;

function isBranch(x: unknown): x is Branch {
  if (Array.isArray(x)) return true;
  if (typeof x !== 'object' || x === null || isHostArray(x)) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The leaves of a tree in order, and its structure.
 *
 * @throws TreeError naming `operation` and the path of what is neither a leaf nor a plain array or object.
 * @example
 * flattenTree('sum', { b: x, a: [y] }, isTensor).leaves; // [y, x]: keys are sorted
 */
export function flattenTree<L>(
  operation: string,
  tree: unknown,
  isLeaf: IsLeaf<L>,
  leafName = 'a tensor',
): { readonly leaves: readonly L[]; readonly structure: TreeStructure } {
  const leaves: L[] = [];
  const paths: string[] = [];
  let key = '';
  const visit = (node: unknown, path: string): ((from: readonly unknown[]) => unknown) => {
    if (isLeaf(node)) {
      const index = leaves.length;
      leaves.push(node);
      paths.push(path);
      key += '*';
      return (from) => from[index];
    }
    if (!isBranch(node)) {
      throw new TreeError(operation, `${path === '' ? 'the value' : path} is ${describe(node)}`, {
        expected: `${leafName}, or plain arrays and objects of them`,
        ...(isHostArray(node) ? { advice: 'Make a tensor of it with asTensor(…).' } : {}),
      });
    }
    if (Array.isArray(node)) {
      key += '[';
      const children = node.map((child, i) => visit(child, `${path}[${i}]`));
      key += ']';
      return (from) => children.map((child) => child(from));
    }
    const entries = Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1));
    key += '{';
    const children = entries.map(([name, child]) => {
      key += JSON.stringify(name);
      return [name, visit(child, path === '' ? name : `${path}.${name}`)] as const;
    });
    key += '}';
    return (from) => Object.fromEntries(children.map(([name, child]) => [name, child(from)]));
  };
  const rebuild = visit(tree, '');
  return { leaves, structure: { paths, key, rebuild } };
}

/**
 * Applies `fn` to corresponding leaves of trees of one structure.
 *
 * @throws TreeError if the structures differ.
 * @example
 * mapTree('scale', isTensor, (x) => x.mul(2), params);
 */
export function mapTree<L>(
  operation: string,
  isLeaf: IsLeaf<L>,
  fn: (...leaves: readonly L[]) => unknown,
  ...trees: readonly unknown[]
): unknown {
  const flat = trees.map((tree) => flattenTree(operation, tree, isLeaf));
  const first = flat[0];
  if (first === undefined) throw new TreeError(operation, 'no tree was given');
  for (const other of flat.slice(1)) requireSameStructure(operation, first.structure, other.structure);
  return first.structure.rebuild(first.leaves.map((_, i) => fn(...flat.map(({ leaves }) => leaves[i] as L))));
}

/**
 * @throws TreeError that names the first path in which two structures differ.
 *
 * @example
 * requireSameStructure('update', flattenTree('update', params, isTensor).structure, flattenTree('update', grads, isTensor).structure);
 */
export function requireSameStructure(operation: string, expected: TreeStructure, given: TreeStructure): void {
  const length = Math.max(expected.paths.length, given.paths.length);
  for (let i = 0; i < length; i++) {
    if (expected.paths[i] !== given.paths[i]) {
      throw new TreeError(
        operation,
        `the tree has ${formatPath(given.paths[i])} at leaf ${i + 1} of ${given.paths.length}`,
        {
          expected: `${formatPath(expected.paths[i])}: the same keys and lengths, ${expected.paths.length} leaves`,
          advice: 'Give it the same structure.',
        },
      );
    }
  }
}

const formatPath = (path: string | undefined): string =>
  path === undefined ? 'nothing' : path === '' ? 'a single leaf' : `'${path}'`;

/** What a JavaScript value is, for errors. */
export function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (isHostArray(x)) return `a host array ${formatType(tensorType(x.shape, x.dtype))}`;
  if (isOnDevice(x)) return `an array on backend '${x.backend}'`;
  if (typeof x === 'object') return `an instance of ${(x as object).constructor?.name ?? 'Object'}`;
  return `a ${typeof x} (${String(x)})`;
}

const isOnDevice = (x: unknown): x is { readonly backend: string } =>
  typeof x === 'object' && x !== null && 'read' in x && 'backend' in x && typeof x.backend === 'string';
