/** Carries that no iteration changes. */
import type { Graph, NodeOf, Value } from '../graph/graph.ts';

/** A loop. */
export type LoopNode = NodeOf<'whileLoop'> | NodeOf<'scan'>;

/**
 * A loop whose unchanged carries are captured values instead; the loop itself if it has none. `results` stand for the given
 * loop's outputs: an unchanged carry ends as it began.
 */
export function settleCarries(loop: LoopNode): { readonly loop: LoopNode; readonly results: readonly Value[] } {
  const { body, constants } = loop.params;
  const carries = loop.op === 'scan' ? loop.params.carries : loop.inputs.length - constants;
  const isSettled = (i: number): boolean => i < carries && body.outputs[i] === body.inputs[constants + i];
  const settled = loop.outputs.flatMap((_, i) => (isSettled(i) ? [i] : []));
  if (settled.length === 0) return { loop, results: loop.outputs };
  const reorder = <T>(list: readonly T[]): readonly T[] => [
    ...list.slice(0, constants),
    ...settled.map((i) => list[constants + i] as T),
    ...list.slice(constants).filter((_, i) => !isSettled(i)),
  ];
  const remaining = <T>(list: readonly T[]): readonly T[] => list.filter((_, i) => !isSettled(i));
  const reordered = (graph: Graph): Graph => ({ ...graph, inputs: reorder(graph.inputs) });
  const rest = { inputs: reorder(loop.inputs), outputs: remaining(loop.outputs) };
  const next = { ...reordered(body), outputs: remaining(body.outputs) };
  const count = constants + settled.length;
  return {
    loop:
      loop.op === 'scan'
        ? {
            ...loop,
            ...rest,
            params: { ...loop.params, body: next, constants: count, carries: carries - settled.length },
          }
        : {
            ...loop,
            ...rest,
            params: { ...loop.params, condition: reordered(loop.params.condition), body: next, constants: count },
          },
    results: loop.outputs.map((output, i) => (isSettled(i) ? (loop.inputs[constants + i] as Value) : output)),
  };
}
