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
  /** The leaves of another tree, in order, if it has this structure: quicker than to flatten it. */
  leavesOf<L>(tree: unknown, isLeaf: IsLeaf<L>): readonly L[] | undefined;
}

/** Tells leaves from branches. */
export type IsLeaf<L> = (x: unknown) => x is L;

const isList = (x: unknown): x is readonly unknown[] => Array.isArray(x);

/** Whether something is a plain object, which holds others. */
function isRecord(x: unknown): x is Readonly<Record<string, unknown>> {
  if (typeof x !== 'object' || x === null || isList(x) || isHostArray(x)) return false;
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
  const visit = (node: unknown, path: string): Part => {
    if (isLeaf(node)) {
      const index = leaves.length;
      leaves.push(node);
      paths.push(path);
      key += '*';
      return leafPart(index);
    }
    if (isList(node)) {
      key += '[';
      const parts = node.map((child, i) => visit(child, `${path}[${i}]`));
      key += ']';
      return listPart(parts);
    }
    if (!isRecord(node)) {
      throw new TreeError(operation, `${path === '' ? 'the value' : path} is ${describe(node)}`, {
        expected: `${leafName}, or plain arrays and objects of them`,
        ...(isHostArray(node) ? { advice: 'Make a tensor of it with asTensor(…).' } : {}),
      });
    }
    const names = Object.keys(node).sort();
    key += '{';
    const parts = names.map((name) => {
      key += JSON.stringify(name);
      return visit(node[name], path === '' ? name : `${path}.${name}`);
    });
    key += '}';
    return recordPart(names, parts);
  };
  const { rebuild, collect } = visit(tree, '');
  const leavesOf = <M>(other: unknown, isOtherLeaf: IsLeaf<M>): readonly M[] | undefined => {
    const found: M[] = [];
    return collect(other, isOtherLeaf, found) ? found : undefined;
  };
  return { leaves, structure: { paths, key, rebuild, leavesOf } };
}

/** A leaf or a branch of a structure. */
interface Part {
  rebuild(leaves: readonly unknown[]): unknown;
  /** Appends the leaves of a tree, if it has this structure; tells whether it has. */
  collect<L>(tree: unknown, isLeaf: IsLeaf<L>, found: L[]): boolean;
}

const leafPart = (index: number): Part => ({
  rebuild: (leaves) => leaves[index],
  collect: (tree, isLeaf, found) => {
    if (!isLeaf(tree)) return false;
    found.push(tree);
    return true;
  },
});

const listPart = (parts: readonly Part[]): Part => ({
  rebuild: (leaves) => parts.map((part) => part.rebuild(leaves)),
  collect: (tree, isLeaf, found) =>
    isList(tree) &&
    tree.length === parts.length &&
    !isLeaf(tree) &&
    parts.every((part, i) => part.collect(tree[i], isLeaf, found)),
});

const recordPart = (names: readonly string[], parts: readonly Part[]): Part => ({
  rebuild: (leaves) => {
    const tree: Record<string, unknown> = {};
    names.forEach((name, i) => {
      const child = parts[i]?.rebuild(leaves);
      // Assigned, it would become the prototype.
      if (name === '__proto__')
        Object.defineProperty(tree, name, { value: child, enumerable: true, writable: true, configurable: true });
      else tree[name] = child;
    });
    return tree;
  },
  collect: (tree, isLeaf, found) =>
    isRecord(tree) &&
    !isLeaf(tree) &&
    Object.keys(tree).length === names.length &&
    names.every((name, i) => Object.hasOwn(tree, name) && parts[i]?.collect(tree[name], isLeaf, found) === true),
});

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
