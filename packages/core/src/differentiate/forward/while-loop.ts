/** The tangents of `whileLoop`: they are carried beside the carry, so that nothing is recorded for them. */
import { value, type NodeOf } from '../../graph/graph.ts';
import { apply, type Traced } from '../../tensor/trace.ts';
import { fixedPoint } from '../activity.ts';
import { closeDual, openDual } from './dual.ts';
import type { Pushed } from './push-forward.ts';
import { countMoves, fill, join, movesOf, split, type Segments, type Tangent } from './tangent.ts';

/** Applies a loop with tangents in its carry; a tape whose entries have tangents has a tape of tangents beside it. */
export function pushWhile(node: NodeOf<'whileLoop'>, inputs: readonly Traced[], tangents: readonly Tangent[]): Pushed {
  const { condition, body, constants, taped, advances } = node.params;
  const carries = inputs.length - constants;
  const given = movesOf(tangents);
  const { carry } = fixedPoint(body, constants, carries, given, [], 'forward');
  const operands: Segments = [given.slice(0, constants), carry];
  const dual = openDual(body, operands);
  const tapes = movesOf(dual.tangents.slice(carries, carries + taped));
  const results: Segments = [carry, tapes];
  const flag: Segments = advances ? [[false]] : [];
  const next = [...fill(carry, dual.tangents, dual.outputs.slice(0, carries)), ...dual.tangents.slice(carries)];
  const start = fill(operands.flat(), tangents, inputs);
  const fresh = condition.inputs.map(({ type }) => value(type));
  const outputs = apply('whileLoop', join(operands, inputs, start), {
    ...node.params,
    condition: { ...condition, inputs: join(operands, condition.inputs, fresh) },
    body: closeDual(dual, [...results, ...flag], dual.outputs, next),
    constants: constants + countMoves(given.slice(0, constants)),
    taped: taped + countMoves(tapes),
  });
  const { values, tangents: pushed } = split(results, outputs);
  return { outputs: values, tangents: pushed };
}
