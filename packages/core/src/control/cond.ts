/** `cond`: one of two bodies is executed. */
import { DTypeError, ShapeError } from '../errors.ts';
import { formatType, sameType } from '../graph/graph.ts';
import { flattenTree, requireSameStructure, type TreeStructure } from '../tree.ts';
import { isTensor, type Tensor } from '../tensor/tensor.ts';
import { apply, asTensorResult, capturesOf, closeGraph, openTrace, type Traced } from '../tensor/trace.ts';
import { passReports, unionOfReports, withReportsOf } from './thread.ts';

/** A branch over a flat list of operands. */
export type FlatBranch = (operands: readonly Traced[]) => readonly Traced[];

/** `cond` over flat lists. */
export function condFlat(
  predicate: Tensor,
  operands: readonly Traced[],
  whenTrue: FlatBranch,
  whenFalse: FlatBranch,
): readonly Traced[] {
  if (predicate.dtype !== 'bool' || predicate.rank !== 0) {
    throw new DTypeError('cond', `the predicate is ${formatType(predicate.type)}`, {
      expected: 'bool[]',
      advice: 'Compare with .less, .greater …, and reduce with .all() or .any().',
    });
  }
  // The first branch is shut while the second is traced, so that neither can use the other's tensors, and opened once
  // more to add the reports that only the second makes.
  const types = operands.map((x) => x.type);
  const { trace: thenTrace, inputs: thenInputs } = openTrace('then', types);
  const thenResults = whenTrue(thenInputs);
  thenTrace.settle(thenResults);
  thenTrace.open = false;
  const { trace: elseTrace, inputs: elseInputs } = openTrace('else', types);
  const elseResults = whenFalse(elseInputs);
  elseTrace.settle(elseResults);
  requireSameTypes(thenResults, elseResults);
  const reports = unionOfReports(thenTrace, elseTrace);
  const otherwise = elseTrace.close(withReportsOf(elseTrace, elseResults, reports));
  thenTrace.open = true;
  const then = thenTrace.close(withReportsOf(thenTrace, thenResults, reports));
  const captures = capturesOf(then, otherwise);
  const outputs = apply('cond', [predicate, ...captures, ...operands], {
    then: closeGraph(then, captures),
    else: closeGraph(otherwise, captures),
  });
  passReports(reports, outputs.slice(thenResults.length));
  return outputs.slice(0, thenResults.length);
}

/**
 * The result of one of two functions of `operands`: only that one is executed. They return trees of one structure. What
 * they compute from tensors around them alone, and not from the operands, is computed outside whatever the predicate;
 * `select` chooses between values that are both computed.
 *
 * @throws TreeError, ShapeError or DTypeError if the results differ in structure, shape or dtype, or the predicate is no
 * scalar bool.
 * @example
 * cond(x.sum().greater(0), x, (x) => x.sqrt(), (x) => x.neg());
 */
export function cond<O, R>(
  predicate: Tensor,
  operands: O,
  whenTrue: (operands: O) => R,
  whenFalse: (operands: O) => R,
): R {
  const { leaves, structure } = flattenTree('cond', operands, isTensor);
  let results: TreeStructure | undefined;
  const flat =
    (branch: (operands: O) => R): FlatBranch =>
    (inputs) => {
      const result = flattenTree('cond', branch(structure.rebuild(inputs) as O), isTensor);
      if (results === undefined) results = result.structure;
      else requireSameStructure('cond', results, result.structure);
      return result.leaves;
    };
  const outputs = condFlat(predicate, leaves, flat(whenTrue), flat(whenFalse)).map(asTensorResult);
  return results?.rebuild(outputs) as R;
}

function requireSameTypes(a: readonly Traced[], b: readonly Traced[]): void {
  a.forEach((x, i) => {
    const y = b[i];
    if (y !== undefined && sameType(x.type, y.type)) return;
    throw new ShapeError(
      'cond',
      `result ${i + 1} is ${formatType(x.type)} in one branch and ${y ? formatType(y.type) : 'missing'} in the other`,
      {
        expected: 'equal types from both branches',
      },
    );
  });
}
