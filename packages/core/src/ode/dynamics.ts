/** The dynamics of a solve: a function of trees, traced once. */
import { callSubgraph, trace } from '../control/call.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { formatType, sameType, tensorType } from '../graph/graph.ts';
import { asTensor, type Tensor } from '../tensor/tensor.ts';
import { asTensorResult } from '../tensor/trace.ts';
import { flattenTree, requireSameStructure } from '../tree.ts';
import type { SolveProblem } from './gradient-method.ts';
import { isLike, leafName, type State } from './state.ts';

/** dy/dt of a tree of tensors. Whatever else it needs it captures by closure. */
export type Dynamics<Y> = (t: Tensor, y: Y) => Y;

/** Traces the dynamics once, as a subgraph with its captures as an argument, and checks what they return. */
export function closeDynamics<Y>(
  f: Dynamics<Y>,
  { leaves: y0, structure, dtype, lanes }: State,
): Pick<SolveProblem, 'f' | 'captures'> {
  const types = [tensorType(lanes, dtype), ...y0.map((leaf) => leaf.type)];
  const subgraph = trace('dynamics', types, ([t, ...y]) => {
    const dy = f(t as Tensor, structure.rebuild(y) as Y);
    const flat = flattenTree('dynamics', dy, isLike, 'a tensor');
    requireSameStructure('dynamics', structure, flat.structure);
    return flat.leaves.map((leaf, i) => {
      const like = y0[i] as Tensor;
      const slope = typeof leaf === 'number' ? asTensor(leaf, like.dtype).broadcastTo(like.shape) : asTensor(leaf);
      if (sameType(slope.type, like.type)) return slope;
      const name = leafName(structure, i, 'dy');
      const details = {
        expected: `${formatType(like.type)}, as the state`,
        advice: 'f(t, y) returns a tree of the shapes and dtypes of y.',
      };
      if (slope.dtype !== like.dtype) throw new DTypeError('dynamics', `${name} is ${formatType(slope.type)}`, details);
      throw new ShapeError('dynamics', `${name} is ${formatType(slope.type)}`, details);
    });
  });
  return {
    captures: subgraph.captures.map(asTensorResult),
    f: (t, y, captures) => callSubgraph(subgraph, [t, ...y], captures.slice(0, subgraph.captures.length)),
  };
}
