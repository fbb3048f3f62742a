/** The tangents of `scan`: carried beside the carry, read and written beside the sequences. */
import type { NodeOf } from '../../graph/graph.ts';
import { apply, type Traced } from '../../tensor/trace.ts';
import { fixedPoint } from '../activity.ts';
import { closeDual, openDual } from './dual.ts';
import type { Pushed } from './push-forward.ts';
import { countMoves, fill, join, movesOf, split, type Segments, type Tangent } from './tangent.ts';

/** Applies a scan with tangents in its carry and of its sequences. */
export function pushScan(node: NodeOf<'scan'>, inputs: readonly Traced[], tangents: readonly Tangent[]): Pushed {
  const { body, constants, carries } = node.params;
  const given = movesOf(tangents);
  const elements = given.slice(constants + carries);
  const { carry } = fixedPoint(body, constants, carries, given, elements, 'forward');
  const operands: Segments = [given.slice(0, constants), carry, elements];
  const dual = openDual(body, operands);
  const sequences = movesOf(dual.tangents.slice(carries));
  const results: Segments = [carry, sequences];
  const next = [...fill(carry, dual.tangents, dual.outputs.slice(0, carries)), ...dual.tangents.slice(carries)];
  const start = fill(operands.flat(), tangents, inputs);
  const outputs = apply('scan', join(operands, inputs, start), {
    ...node.params,
    body: closeDual(dual, results, dual.outputs, next),
    constants: constants + countMoves(given.slice(0, constants)),
    carries: carries + countMoves(carry),
  });
  const { values, tangents: pushed } = split(results, outputs);
  return { outputs: values, tangents: pushed };
}
