/** The passes in their order. */
import type { Graph } from '../graph/graph.ts';
import { eliminateDeadCode } from './dead-code.ts';

/** An equivalent graph that does less. */
export const optimize = (graph: Graph): Graph => eliminateDeadCode(graph);
