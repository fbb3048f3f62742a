/** The reverse rule of `cond`: a `cond` of the branches' pullbacks, each computing again what it needs of its branch. */
import { condFlat } from '../control/cond.ts';
import type { Graph, NodeOf, Value } from '../graph/graph.ts';
import { apply, asTensorResult, closeGraph, type Traced } from '../tensor/trace.ts';
import { materialize, zeros, type Cotangent } from './accumulate.ts';
import { activeOutputs } from './activity.ts';
import type { Linearized } from './linearize.ts';
import {
  applyBackward,
  planResiduals,
  traceForwardBackward,
  wantedCotangents,
  type ForwardBackward,
  type Residuals,
} from './residuals.ts';

interface Branch {
  readonly fb: ForwardBackward;
  readonly residuals: Residuals;
}

/** Applies a cond whose branches also give the scalars that their pullbacks need. */
export function linearizeCond(node: NodeOf<'cond'>, inputs: readonly Traced[], active: readonly boolean[]): Linearized {
  const operandsActive = active.slice(1);
  const [thenActive, elseActive] = [
    activeOutputs(node.params.then, operandsActive),
    activeOutputs(node.params.else, operandsActive),
  ];
  const wanted = node.outputs.map((_, i) => thenActive[i] === true || elseActive[i] === true);
  const then = openBranch(node.params.then, operandsActive, wanted);
  const thenGraphOf = closeBranch(then);
  const otherwise = openBranch(node.params.else, operandsActive, wanted);
  const elseGraphOf = closeBranch(otherwise);
  const results = apply('cond', inputs, {
    then: thenGraphOf([], typesOf(otherwise.residuals.saved)),
    else: elseGraphOf(typesOf(then.residuals.saved), []),
  });
  const count = node.outputs.length;
  const outputs = results.slice(0, count);
  const thenSaved = results.slice(count, count + then.residuals.saved.length);
  const elseSaved = results.slice(count + then.residuals.saved.length);
  return {
    outputs,
    pullback: (cotangents) => {
      const [predicate, ...operands] = inputs;
      const given = wantedCotangents(cotangents, wanted, outputs);
      // Operands whose cotangent some branch gives; the other branch gives zeros.
      const reached = operands.map((_, i) => isReached(then, i) || isReached(otherwise, i));
      const passed = [...operands, ...thenSaved, ...elseSaved, ...given];
      const split = (all: readonly Traced[]) => {
        const [a, b] = [operands.length, operands.length + thenSaved.length];
        return {
          operands: all.slice(0, a),
          then: all.slice(a, b),
          else: all.slice(b, b + elseSaved.length),
          given: all.slice(b + elseSaved.length),
        };
      };
      const pulled = condFlat(
        asTensorResult(predicate),
        passed,
        (all) => {
          const parts = split(all);
          return pull(then, parts.operands, parts.then, parts.given, reached);
        },
        (all) => {
          const parts = split(all);
          return pull(otherwise, parts.operands, parts.else, parts.given, reached);
        },
      );
      let next = 0;
      return [null, ...reached.map((isGiven): Cotangent => (isGiven ? (pulled[next++] ?? null) : null))];
    },
  };
}

function openBranch(graph: Graph, active: readonly boolean[], wanted: readonly boolean[]): Branch {
  const fb = traceForwardBackward(graph, active, wanted);
  return { fb, residuals: planResiduals(fb) };
}

/** Ends a branch with its own saved scalars between zeros for the other's. */
function closeBranch({
  fb,
  residuals,
}: Branch): (before: readonly Value['type'][], after: readonly Value['type'][]) => Graph {
  return (before, after) =>
    closeGraph(fb.forward.close([...fb.outputs, ...before.map(zeros), ...residuals.saved, ...after.map(zeros)]), []);
}

const typesOf = (values: readonly Traced[]): readonly Value['type'][] => values.map((x) => x.type);

const isReached = ({ fb }: Branch, input: number): boolean =>
  fb.positions[input] !== null && fb.positions[input] !== undefined;

function pull(
  branch: Branch,
  operands: readonly Traced[],
  saved: readonly Traced[],
  cotangents: readonly Traced[],
  reached: readonly boolean[],
): readonly Traced[] {
  const given = { inputs: new Map(operands.map((x, i) => [i, x] as const)), saved, cotangents };
  const results = applyBackward(branch.fb, branch.residuals, given);
  return operands.flatMap((x, i) => (reached[i] === true ? [materialize(results[i] ?? null, x)] : []));
}
