/** Trees of arrays as named arrays, and back: what files can hold. */
import { flattenTree, FormatError, isHostArray, type HostArray } from '@node-ode/core';

/** Names an array's shape and dtype: `f32[2, 32]`. */
const typeOf = ({ dtype, shape }: HostArray): string => `${dtype}[${shape.join(', ')}]`;

/**
 * The arrays of a tree by their paths, such as `layers[0].weight`.
 *
 * @throws TreeError if a leaf is no host array.
 * @example
 * await writeSafetensors('model.safetensors', namedArrays(params));
 */
export function namedArrays(tree: unknown): ReadonlyMap<string, HostArray> {
  const { leaves, structure } = flattenTree('namedArrays', tree, isHostArray, 'a host array');
  return new Map(leaves.map((leaf, i) => [structure.paths[i] ?? '', leaf]));
}

const isArrayOrNumber = (x: unknown): x is HostArray | number => typeof x === 'number' || isHostArray(x);

/**
 * A tree like `like` whose leaves are the arrays of its paths. A leaf that is a number takes a scalar of any dtype.
 *
 * @param source What errors call the arrays' origin.
 * @throws FormatError if an array is missing, is left over, or differs in shape or dtype.
 * @example
 * const params = fillTree(model.init(random(0)), tensors, 'model.safetensors');
 */
export function fillTree<State>(like: State, arrays: ReadonlyMap<string, HostArray>, source: string): State {
  const { leaves, structure } = flattenTree('fillTree', like, isArrayOrNumber, 'a host array or a number');
  const refuse = (problem: string, expected: string): FormatError =>
    new FormatError('fillTree', `${source} ${problem}`, {
      expected,
      advice: 'Start with the model and the optimiser that the arrays were saved from.',
    });
  const filled = leaves.map((leaf, i) => {
    const path = structure.paths[i] ?? '';
    const found = arrays.get(path);
    const expected = typeof leaf === 'number' ? 'a scalar' : typeOf(leaf);
    if (found === undefined) throw refuse(`has no “${path}”`, expected);
    const fits = typeof leaf === 'number' ? found.shape.length === 0 : typeOf(leaf) === typeOf(found);
    if (!fits) throw refuse(`has “${path}” as ${typeOf(found)}`, expected);
    return found;
  });
  const known = new Set(structure.paths);
  const extra = [...arrays.keys()].find((name) => !known.has(name));
  if (extra !== undefined) throw refuse(`has “${extra}”, which the tree has not`, `${known.size} arrays`);
  return structure.rebuild(filled) as State;
}
