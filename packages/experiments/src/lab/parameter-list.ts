/** Parameters as the list of their arrays: what they are a tree of differs from model to model. */
import { flattenTree, isHostArray, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';

/** The arrays of a tree, and the way back. */
export interface ParameterList<Params> {
  readonly arrays: readonly HostArray[];
  /** Where in the tree each is. */
  readonly paths: readonly string[];
  /** Numbers in all arrays. */
  readonly count: number;
  /** The tree, of tensors in the places of its arrays. */
  rebuild(tensors: readonly (Tensor | undefined)[]): TensorsOf<Params>;
}

/**
 * Lists a model's parameters.
 *
 * @throws TreeError naming `operation` and the path of what is no host array.
 * @example
 * const { arrays, rebuild } = parameterList('train', model.init(random(0)));
 */
export function parameterList<Params>(operation: string, params: Params): ParameterList<Params> {
  const { leaves, structure } = flattenTree(operation, params, isHostArray, 'a host array');
  return {
    arrays: leaves,
    paths: structure.paths,
    count: leaves.reduce((sum, { data }) => sum + data.length, 0),
    rebuild: (tensors) => structure.rebuild(tensors) as TensorsOf<Params>,
  };
}
