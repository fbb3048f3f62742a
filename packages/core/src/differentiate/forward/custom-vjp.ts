/**
 * The tangents of `customVjp`: by its tangent rule, or through the function itself. The reverse rule stays in force for
 * derivatives of these derivatives.
 */
import type { ReverseRule } from '../../control/custom-vjp.ts';
import type { NodeOf } from '../../graph/graph.ts';
import { eliminateDeadCode } from '../../passes/dead-code.ts';
import { zerosLike } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { apply, asTensorResult, type Traced } from '../../tensor/trace.ts';
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
    const given = tangents.map((tangent) => (tangent === null ? null : asTensorResult(tangent)));
    const pass = { inputs: inputs.map(asTensorResult), outputs: outputs.map(asTensorResult), tangents: given };
    return { outputs, tangents: rule(pass) };
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
function reverseOfDual(name: string, reverse: ReverseRule, given: Moves, moves: Moves): ReverseRule {
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
    const present = ys.map((_, i) => ofYs[i] != null || ofDys[i] != null);
    const weights = ys.flatMap((y, i) => (present[i] === true ? [ofDys[i] ?? zerosLike(y)] : []));
    const weightTangents = ofYs.filter((_, i) => present[i] === true);
    const answered: boolean[] = [];
    const pulled = pushFunction(
      `${name}.reverse`,
      (all) => {
        const ws = all.slice(xs.length + ys.length).values();
        const given = reverse({
          inputs: all.slice(0, xs.length),
          outputs: all.slice(xs.length, xs.length + ys.length),
          cotangents: present.map((isGiven) => (isGiven ? (ws.next().value as Tensor) : null)),
          active: isActive,
        });
        answered.push(...given.map((ct) => ct !== null));
        return given.filter((ct) => ct !== null);
      },
      [...xs, ...ys, ...weights],
      [...dxs, ...dys, ...weightTangents],
    );
    const [ofDxs, ofXs] = [pulled.outputs.values(), pulled.tangents.values()];
    const spread = (found: Iterator<Tensor | null>) =>
      answered.map((isAnswered) => (isAnswered ? (found.next().value as Tensor | null) : null));
    return join([given], spread(ofXs), spread(ofDxs));
  };
}
