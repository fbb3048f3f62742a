/** Two small graphs, made by hand: what an engine's runtime is checked on. */
import { tensorType, value, type Graph, type Node, type Value } from '@node-ode/core';

const vector = (n: number): Value => value(tensorType([n], 'f32'));
const threeOf = (n: number): readonly [Value, Value, Value] => [vector(n), vector(n), vector(n)];

/** x ↦ x + x·x of f32[n]. */
export function squarePlus(n: number): Graph {
  const [x, xx, y] = threeOf(n);
  const nodes: Node[] = [
    { op: 'mul', inputs: [x, x], params: {}, outputs: [xx] },
    { op: 'add', inputs: [x, xx], params: {}, outputs: [y] },
  ];
  return { name: 'squarePlus', inputs: [x], nodes, outputs: [y] };
}

/** (state, x) ↦ (state + x, state) of f32[n]. */
export function accumulate(n: number): Graph {
  const [state, x, next] = threeOf(n);
  return {
    name: 'accumulate',
    inputs: [state, x],
    nodes: [{ op: 'add', inputs: [state, x], params: {}, outputs: [next] }],
    outputs: [next, state],
  };
}
