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

/** What a tangent rule is given, of operands and results of kind `X`. */
interface TangentPass<X> {
  readonly inputs: readonly X[];
  readonly outputs: readonly X[];
  readonly tangents: readonly (X | null)[];
}

/**
 * The results' tangents from those of the operands: forward mode. Null is zero, for operands (not all of them) and results.
 * Like a reverse rule it uses only what it is given.
 */
export type TangentRule = (pass: TangentPass<Tensor>) => readonly (Tensor | null)[];

/** A tangent rule whose operands and results may be tapes. A tape's tangent is a tape of as many entries. */
export type TracedTangentRule = (pass: TangentPass<Traced>) => readonly (Traced | null)[];

/**
 * A function of tensors that is differentiated by `reverse`. The rule is made of tensor operations, so it is
 * differentiable itself. In forward mode (`jvp`) the function itself is differentiated, or `tangent` is used where it is
 * given: where the rule is not the function's derivative on purpose, both should say the same.
 *
 * @throws DifferentiationError if the function captures a float tensor that is not an operand: its gradient would be lost;
 * and, when it is differentiated, if the rule's cotangents are not of the operands' types, or tangents not of the results'.
 * @example
 * // The identity whose gradient is clipped.
 * const [y] = customVjp('clip', [x], ([x]) => [x], ({ cotangents: [ct] }) => [ct && ct.maximum(-1).minimum(1)]);
 */
export function customVjp(
  name: string,
  inputs: readonly Tensor[],
  forward: (inputs: readonly Tensor[]) => readonly Tensor[],
  reverse: ReverseRule,
  tangent?: TangentRule,
): readonly Tensor[] {
  const rule: TracedReverseRule = (pass) =>
    reverse({ ...pass, inputs: pass.inputs.map(asTensorResult), outputs: pass.outputs.map(asTensorResult) });
  const tangentRule: TracedTangentRule | undefined =
    tangent &&
    (({ inputs: operands, outputs, tangents }) =>
      tangent({
        inputs: operands.map(asTensorResult),
        outputs: outputs.map(asTensorResult),
        tangents: tangents.map((x) => (x === null ? null : asTensorResult(x))),
      }));
  const traced = (given: readonly Traced[]): readonly Tensor[] => forward(given.map(asTensorResult));
  return customVjpWithTapes(name, inputs, traced, rule, tangentRule).map(asTensorResult);
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
  tangent?: TracedTangentRule,
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
    requireTypes(name, 'the reverse rule', ['operand', 'cotangent'], given, operands.slice(n));
    return [...captures.map(() => null), ...given];
  };
  const forwardRule: TracedTangentRule | undefined =
    tangent &&
    (({ inputs: operands, outputs, tangents }) => {
      const given = tangent({
        inputs: operands.slice(n),
        outputs: outputs.slice(0, results.length),
        tangents: tangents.slice(n),
      });
      requireTypes(name, 'the tangent rule', ['result', 'tangent'], given, outputs.slice(0, results.length));
      return given;
    });
  const rules = { reverse: rule, ...(forwardRule && { tangent: forwardRule }) };
  const outputs = apply('customVjp', [...captures, ...inputs], { graph, ...rules });
  passReports(threaded.reports, outputs.slice(results.length));
  return outputs.slice(0, results.length);
}

/** @throws DifferentiationError if a rule does not give each value null or a derivative of its type. */
function requireTypes(
  name: string,
  rule: string,
  [valueName, derivativeName]: readonly [value: string, derivative: string],
  given: readonly (Traced | null)[],
  values: readonly Traced[],
): void {
  if (given.length !== values.length) {
    throw new DifferentiationError(name, `${rule} gives ${given.length} ${derivativeName}s`, {
      expected: `${values.length}, one for each ${valueName}`,
    });
  }
  given.forEach((derivative, i) => {
    const { type } = values[i] as Traced;
    if (derivative === null || sameType(derivative.type, type)) return;
    throw new DifferentiationError(
      name,
      `${rule} gives ${valueName} ${i + 1} the ${derivativeName} ${formatType(derivative.type)}`,
      { expected: `${formatType(type)}, as the ${valueName}, or null` },
    );
  });
}
