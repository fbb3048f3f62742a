/** The tangents of `cond`: those of the branch that is taken, so that what the other would compute touches none. */
import type { NodeOf } from '../../graph/graph.ts';
import { apply, type Traced } from '../../tensor/trace.ts';
import { closeDual, openDual, type Dual } from './dual.ts';
import type { Pushed } from './push-forward.ts';
import { fill, join, movesOf, split, type Tangent } from './tangent.ts';

/** Applies a cond whose branches also give the tangents that either has. */
export function pushCond(node: NodeOf<'cond'>, inputs: readonly Traced[], tangents: readonly Tangent[]): Pushed {
  const given = movesOf(tangents.slice(1));
  const then = openDual(node.params.then, [given]);
  const otherwise = openDual(node.params.else, [given]);
  const [fromThen, fromElse] = [movesOf(then.tangents), movesOf(otherwise.tangents)];
  const moves = node.outputs.map((_, i) => fromThen[i] === true || fromElse[i] === true);
  const close = (dual: Dual) => closeDual(dual, [moves], dual.outputs, fill(moves, dual.tangents, dual.outputs));
  const operands = join([[false], given], inputs, tangents);
  const results = apply('cond', operands, { then: close(then), else: close(otherwise) });
  const { values, tangents: pushed } = split([moves], results);
  return { outputs: values, tangents: pushed };
}
