/** What a loaded model refuses before it runs: names, shapes and dtypes that are not those of its inputs. */
import {
  checkHostArray,
  DTypeError,
  formatType,
  isHostArray,
  OptionError,
  requireSameStructure,
  ShapeError,
  tensorType,
  TreeError,
  type DType,
  type HostArray,
  type TreeStructure,
} from '@node-ode/core';
import type { Dim } from '../model/ir.ts';
import { show } from '../option-rules.ts';

/** An input or an output of a loaded model. */
export interface ModelTensor {
  readonly name: string;
  readonly dtype: DType;
  /** An extent is a number, or what it is of the named extents: `batch`, `2*batch`. */
  readonly shape: readonly Dim[];
}

/**
 * @throws OptionError for a name that is missing or unknown; DTypeError or ShapeError for an array that is not what its
 * input takes; ShapeError if a named extent is not the same everywhere.
 */
export function checkNamedInputs(
  inputs: readonly ModelTensor[],
  given: Readonly<Record<string, HostArray>>,
  { mayBeEmpty = true } = {},
): void {
  if (typeof given !== 'object' || given === null) {
    throw new OptionError('loadOnnx', `the inputs are ${show(given)}`, { expected: 'an object of arrays by name' });
  }
  const names = inputs.map(({ name }) => `'${name}'`).join(', ');
  const unknown = Object.keys(given).find((name) => !inputs.some((input) => input.name === name));
  if (unknown !== undefined) {
    throw new OptionError('loadOnnx', `there is no input '${unknown}'`, {
      expected: names === '' ? 'no inputs' : names,
    });
  }
  const extents = new Map<string, { readonly extent: number; readonly where: string }>();
  for (const input of inputs) {
    const array = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
    if (array === undefined) throw new OptionError('loadOnnx', `input '${input.name}' is missing`, { expected: names });
    checkInput(input, array);
    input.shape.forEach((dim, axis) => {
      if (typeof dim === 'number') return;
      const [extent, where] = [array.shape[axis] ?? NaN, `axis ${axis} of '${input.name}'`];
      if (extent === 0 && !mayBeEmpty) {
        throw new ShapeError('loadOnnx', `${where} has extent 0`, {
          expected: 'a state with at least one element: the function solves an equation',
        });
      }
      const known = extents.get(dim);
      if (known === undefined) extents.set(dim, { extent, where });
      else if (known.extent !== extent) {
        throw new ShapeError('loadOnnx', `${where} has extent ${extent}, and ${known.where} ${known.extent}`, {
          expected: `one number for '${dim}'`,
        });
      }
    });
  }
}

/** @throws TreeError if arguments are not of the structure that the function was exported for. */
export function checkStructure(
  expected: TreeStructure,
  given: TreeStructure,
  leaves: readonly (HostArray | number | boolean)[],
): void {
  const isPlainArray = (path: string): boolean => {
    const below = leaves.filter((_, i) => given.paths[i]?.startsWith(`${path}[`));
    return below.length > 0 && below.every((leaf) => !isHostArray(leaf));
  };
  const plain = given.key === expected.key ? undefined : expected.paths.find(isPlainArray);
  if (plain !== undefined) {
    throw new TreeError('loadOnnx', `${plain} is a plain array of numbers`, {
      expected: 'a host array',
      advice: 'Make one of it: pass array([[1, 0]]) for [[1, 0]], which is a tree of numbers.',
    });
  }
  requireSameStructure('loadOnnx', expected, given);
}

function checkInput({ name, dtype, shape }: ModelTensor, array: HostArray): void {
  if (!isHostArray(array)) {
    throw new OptionError('loadOnnx', `input '${name}' is ${show(array)}`, {
      expected: 'a host array',
      advice: 'Make it with array(…).',
    });
  }
  const expected = `${dtype}[${shape.join(',')}]`;
  const given = `input '${name}' is ${formatType(tensorType(array.shape, array.dtype))}`;
  if (array.dtype !== dtype) {
    throw new DTypeError('loadOnnx', given, {
      expected,
      advice: `Make it with array(…, { dtype: '${dtype}' }).`,
    });
  }
  const fits = (dim: Dim, axis: number): boolean => typeof dim === 'string' || array.shape[axis] === dim;
  if (array.shape.length !== shape.length || !shape.every(fits)) throw new ShapeError('loadOnnx', given, { expected });
  checkHostArray(array);
}
