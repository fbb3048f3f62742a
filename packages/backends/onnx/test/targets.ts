/** Element-wise primitives lowered for every provider and run on the CPU: a formula that stands in for a kernel is right on any. */
import type { DType, HostArray } from '@node-ode/core';
import type { Provider } from '../src/lower/contract.ts';
import type { elementwiseRules } from '../src/lower/elementwise.ts';
import { emitModel } from '../src/lower/emit-model.ts';
import { runGraph } from './run-graph.ts';
import { singleNode, type Argument } from './single-node.ts';

/** An element-wise primitive without parameters. */
export type Rule = Exclude<keyof typeof elementwiseRules, 'cast' | 'constant'>;

export const targets: readonly Provider[] = ['cpu', 'cuda', 'webgpu'];

/** The result of a primitive lowered for a provider. */
export async function applyFor(target: Provider, op: Rule, args: readonly Argument[]): Promise<HostArray> {
  const { graph, inputs } = singleNode(op, {}, args);
  return (await runGraph(graph, inputs, 'cpu', { provider: target }))[0] as HostArray;
}

/** The operators that a primitive becomes. */
export const operators = (op: Rule, args: readonly Argument[], target: Provider = 'cpu'): readonly string[] =>
  emitModel(singleNode(op, {}, args).graph, { provider: target }).graph.nodes.map(({ opType }) => opType);

/** Whether a provider has no such formula, or one that the CPU cannot run: WGSL has no doubles, CUDA an erf in f64. */
const isLeftOut = (op: Rule, dtype: DType, target: Provider): boolean =>
  dtype === 'f64' && (target === 'webgpu' || (target === 'cuda' && op === 'erf'));

/** Every dtype with every provider for which a primitive can be run here. */
export const casesOf = (op: Rule, dtypes: readonly DType[]) =>
  dtypes.flatMap((dtype) =>
    targets.filter((target) => !isLeftOut(op, dtype, target)).map((target) => ({ op, dtype, target }) as const),
  );
