/** Functions with a reverse rule of their own. */
import { DifferentiationError } from '../errors.ts';
import { formatType, sameType } from '../graph/graph.ts';
import { isDifferentiable } from '../graph/infer.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, asTensorResult, capturesOf, closeGraph, openTrace, type Traced } from '../tensor/trace.ts';
import { passReports, withReports } from './thread.ts';

/** What a reverse rule is given, of operands and results of kind `X`. */
interface ReversePass<X> {
  readonly inputs: readonly X[];
  readonly outputs: readonly X[];
  readonly cotangents: readonly (Tensor | null)[];
  readonly active: readonly boolean[];
}

/**
 * The operands' cotangents from those of the results. It is traced when something is differentiated, perhaps in another
 * trace than the function was: it uses only what it is given. A result that nothing used has cotangent null; null for an
 * operand means zero. `active` tells which operands' cotangents will be used.
 */
export type ReverseRule = (pass: ReversePass<Tensor>) => readonly (Tensor | null)[];

/** A reverse rule whose operands and results may be tapes. A tape has no cotangent: it carries what the rule needs. */
export type TracedReverseRule = (pass: ReversePass<Traced>) => readonly (Tensor | null)[];

/**
 * A function of tensors that is differentiated by `reverse`. The rule is made of tensor operations, so it is
 * differentiable itself.
 *
 * @throws DifferentiationError if the function captures a float tensor that is not an operand: its gradient would be lost;
 * and, when it is differentiated, if the rule's cotangents are not of the operands' types.
 * @example
 * // The identity whose gradient is clipped.
 * const [y] = customVjp('clip', [x], ([x]) => [x], ({ cotangents: [ct] }) => [ct && ct.maximum(-1).minimum(1)]);
 */
export function customVjp(
  name: string,
  inputs: readonly Tensor[],
  forward: (inputs: readonly Tensor[]) => readonly Tensor[],
  reverse: ReverseRule,
): readonly Tensor[] {
  const rule: TracedReverseRule = (pass) =>
    reverse({ ...pass, inputs: pass.inputs.map(asTensorResult), outputs: pass.outputs.map(asTensorResult) });
  return customVjpWithTapes(name, inputs, (given) => forward(given.map(asTensorResult)), rule).map(asTensorResult);
}

/**
 * `customVjp` of a function that takes or gives tapes as well: what a solve recorded on its way, say, for the rule to read.
 *
 * @throws DifferentiationError as `customVjp`, and if something asks for the cotangent of a tape.
 * @example
 * const [y, steps] = customVjpWithTapes('solve', [y0], ([x]) => solveAndRecord(x), ({ outputs: [, steps], cotangents }) => …);
 */
export function customVjpWithTapes(
  name: string,
  inputs: readonly Traced[],
  forward: (inputs: readonly Traced[]) => readonly Traced[],
  reverse: TracedReverseRule,
): readonly Traced[] {
  const { trace, inputs: params } = openTrace(
    name,
    inputs.map((input) => input.type),
  );
  const results = forward(params);
  const threaded = withReports(trace, results);
  const body = trace.close(threaded.results);
  const captures = capturesOf(body);
  const lost = captures.find(
    ({ source, type }) => source.kind === 'trace' && isDifferentiable(type) && !source.trace.stopped.has(source.value),
  );
  if (lost !== undefined) {
    throw new DifferentiationError(name, 'the function captures a float tensor of an enclosing trace', {
      expected: 'every tensor that may need a gradient among the operands',
      advice: 'Pass it as an operand, or stop its gradient.',
    });
  }
  const graph = closeGraph(body, captures);
  const n = captures.length;
  const rule: TracedReverseRule = ({ inputs: operands, outputs, cotangents, active }) => {
    const given = reverse({
      inputs: operands.slice(n),
      outputs: outputs.slice(0, results.length),
      cotangents: cotangents.slice(0, results.length),
      active: active.slice(n),
    });
    requireCotangents(name, given, operands.slice(n));
    return [...captures.map(() => null), ...given];
  };
  const outputs = apply('customVjp', [...captures, ...inputs], { graph, reverse: rule });
  passReports(threaded.reports, outputs.slice(results.length));
  return outputs.slice(0, results.length);
}

/** @throws DifferentiationError if a rule does not give each operand null or a cotangent of its type. */
function requireCotangents(name: string, given: readonly (Tensor | null)[], operands: readonly Traced[]): void {
  if (given.length !== operands.length) {
    throw new DifferentiationError(name, `the reverse rule gives ${given.length} cotangents`, {
      expected: `${operands.length}, one for each operand`,
    });
  }
  given.forEach((cotangent, i) => {
    const { type } = operands[i] as Traced;
    if (cotangent === null || sameType(cotangent.type, type)) return;
    throw new DifferentiationError(
      name,
      `the reverse rule gives operand ${i + 1} the cotangent ${formatType(cotangent.type)}`,
      { expected: `${formatType(type)}, as the operand, or null` },
    );
  });
}
