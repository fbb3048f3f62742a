/**
 * The tangents of `customVjp`: by its tangent rule, or through the function itself. The reverse rule stays in force for
 * derivatives of these derivatives.
 */
import type { TracedReverseRule } from '../../control/custom-vjp.ts';
import type { NodeOf } from '../../graph/graph.ts';
import { eliminateDeadCode } from '../../passes/dead-code.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { apply, asTensorResult, type Traced } from '../../tensor/trace.ts';
import { materialize } from '../accumulate.ts';
import { closeDual, openDual } from './dual.ts';
import { pushFunction, unmoved, type Pushed } from './push-forward.ts';
import { join, movesOf, split, type Moves, type Tangent } from './tangent.ts';

/** Applies a function with a reverse rule; without a tangent rule as one that gives tangents and has a reverse rule too. */
export function pushCustomVjp(
  node: NodeOf<'customVjp'>,
  inputs: readonly Traced[],
  tangents: readonly Tangent[],
): Pushed {
  const { graph, reverse, tangent: rule } = node.params;
  if (rule !== undefined) {
    const { outputs } = unmoved(node, inputs);
    return { outputs, tangents: rule({ inputs, outputs, tangents }) };
  }
  const given = movesOf(tangents);
  const dual = openDual(graph, [given]);
  const moves = movesOf(dual.tangents);
  if (!moves.includes(true)) return unmoved(node, inputs);
  const dualGraph = eliminateDeadCode(closeDual(dual, [moves], dual.outputs, dual.tangents));
  const params = { graph: dualGraph, reverse: reverseOfDual(graph.name, reverse, given, moves) };
  const { values, tangents: pushed } = split([moves], apply('customVjp', join([given], inputs, tangents), params));
  return { outputs: values, tangents: pushed };
}

/**
 * The reverse rule of (x, ẋ) ↦ (y, ẏ) = (g(x), J(x)·ẋ), from the rule r(x, w) = J(x)ᵀ·w of g. For cotangents (ȳ, w)
 *
 *     of ẋ: J(x)ᵀ·w = r(x, w),   of x: J(x)ᵀ·ȳ + ∂⟨w, J(x)·ẋ⟩/∂x = r(x, ȳ) + ∂r/∂x·ẋ
 *
 * r is linear in w: the second is the tangent of the first along (ẋ, ȳ), and one application of r, pushed forward, gives
 * both. So what r guards (a step that was rejected) stays guarded, and what it solves stays a solve.
 */
function reverseOfDual(name: string, reverse: TracedReverseRule, given: Moves, moves: Moves): TracedReverseRule {
  return ({ inputs, outputs, cotangents, active }) => {
    const { values: xs, tangents: dxs } = split([given], inputs);
    const { values: ys, tangents: dys } = split([moves], outputs);
    const { values: ofYs, tangents: ofDys } = split([moves], cotangents);
    const { values: wanted, tangents: wantedTangents } = split([given], active);
    const isActive = wanted.map((isWanted, i) => isWanted || wantedTangents[i] === true);
    const none = xs.map(() => null);
    if (ofDys.every((ct) => ct === null)) {
      return join([given], reverse({ inputs: xs, outputs: ys, cotangents: ofYs, active: wanted }), none);
    }
    if (!wanted.includes(true)) {
      return join([given], none, reverse({ inputs: xs, outputs: ys, cotangents: ofDys, active: isActive }));
    }
    const used = ys.flatMap((_, i) => (ofYs[i] == null && ofDys[i] == null ? [] : [i]));
    const weights = used.map((i) => materialize(ofDys[i] ?? null, ys[i] as Traced));
    let answered: readonly number[] = [];
    const [n, m] = [xs.length, xs.length + ys.length];
    const pulled = pushFunction(
      `${name}.reverse`,
      (all) => {
        const ws = scatter(all.slice(m).map(asTensorResult), used, ys.length);
        const cts = reverse({ inputs: all.slice(0, n), outputs: all.slice(n, m), cotangents: ws, active: isActive });
        answered = cts.flatMap((ct, i) => (ct === null ? [] : [i]));
        return cts.filter((ct) => ct !== null);
      },
      [...xs, ...ys, ...weights],
      [...dxs, ...dys, ...used.map((i) => ofYs[i] ?? null)],
    );
    const ofDxs = scatter(pulled.outputs.map(asTensorResult), answered, n);
    const ofXs = scatter(pulled.tangents.map(asTensorOrNull), answered, n);
    return join([given], ofXs, ofDxs);
  };
}

/** Elements at their places in a list of nulls. */
const scatter = <T>(elements: readonly T[], places: readonly number[], length: number): readonly (T | null)[] =>
  Array.from({ length }, (_, i) => elements[places.indexOf(i)] ?? null);

const asTensorOrNull = (x: Traced | null): Tensor | null => (x === null ? null : asTensorResult(x));
