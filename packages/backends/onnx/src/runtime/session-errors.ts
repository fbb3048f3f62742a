/** ONNX Runtime's errors in this library's words: which operation, what is wrong, what to do. */
import { ExecutionError, UnsupportedError, type NodeOdeError } from '@node-ode/core';
import type { Provider } from '../lower/contract.ts';
import type { OnnxGraph, OnnxModel, OnnxNode } from '../model/ir.ts';
import { messageOf } from './ort.ts';
import { allOperations, nodesOf } from './placement.ts';

/** Wordings by which ONNX Runtime names an operator. */
const operatorWordings = [
  /find an implementation for (\w+)\(/,
  /Provider type for (\w+) node/,
  /while running (\w+) node/,
  /of operator \((\w+)\)/,
  /operator=(\w+)/,
];

const noKernel = /find an implementation for|NOT_IMPLEMENTED|Provider type for \w+ node with name .* is not set/;
const onlyOnCpu = /assigned to the default CPU EP/;

/** Whether ONNX Runtime refused a model because a node of it would have run on the CPU. */
export const isRefusal = (error: unknown): boolean => onlyOnCpu.test(messageOf(error));

/**
 * The error for a model that could not be loaded.
 *
 * @param refused the node that would have run on the CPU, where it was found
 * @returns UnsupportedError if the provider has no kernel for a node; otherwise ExecutionError
 */
export function loadFailure(
  model: OnnxModel,
  provider: Provider,
  cause: unknown,
  refused: OnnxNode | undefined,
): NodeOdeError {
  const message = messageOf(cause);
  const operations = namesOf(model.graph, operatorIn(message));
  if (isRefusal(cause)) {
    const node = refused === undefined ? `one of ${allOperations(model.graph).join(', ')}` : nameOf(refused);
    return new UnsupportedError(
      'compile',
      `provider '${provider}' would leave ${node} of graph '${model.graph.name}' to the CPU`,
      {
        expected: 'an operation, a dtype and a rank that it has a kernel for',
        advice: "Nothing falls back to the CPU unasked: use provider 'cpu' for the graph.",
        cause,
      },
    );
  }
  if (noKernel.test(message)) {
    return new UnsupportedError('compile', `ONNX Runtime's provider '${provider}' has no kernel for ${operations}`, {
      expected: 'an operation and a dtype that it has',
      advice: 'Compute it in f32, or use another engine: wasm() and reference() have every operation in every dtype.',
      cause,
    });
  }
  return new ExecutionError(
    'compile',
    `ONNX Runtime refused graph '${model.graph.name}' at ${operations} (${message})`,
    {
      advice: 'Graphs that core accepts should load: please report it with printGraph(graph).',
      cause,
    },
  );
}

/** The error for a run that failed. */
export function runFailure({ graph }: OnnxModel, cause: unknown): ExecutionError {
  const message = messageOf(cause);
  const operator = operatorIn(message);
  const detail = /Status Message:\s*([^]*)/.exec(message)?.[1]?.trim() ?? message;
  const named = namesOf(graph, operator);
  // A division by zero is made to fail by an index that no axis has: see special/integer.ts.
  if (/'(div|rem)' \(ONNX Gather\)/.test(named)) {
    return new ExecutionError('run', `graph '${graph.name}' divided an integer by zero`, {
      advice: 'Choose another divisor with select where it may be zero.',
      cause,
    });
  }
  const memory = /fail(ed)? to allocate|out of memory|bad_alloc|bad allocation/i.test(message);
  return new ExecutionError('run', `graph '${graph.name}' stopped at ${named} (${detail})`, {
    ...(memory
      ? { advice: 'Take the adjoint gradient, whose memory does not grow with the steps, or smaller batches.' }
      : {}),
    cause,
  });
}

const operatorIn = (message: string): string | undefined => {
  for (const wording of operatorWordings) {
    const operator = wording.exec(message)?.[1];
    if (operator !== undefined) return operator;
  }
  return undefined;
};

const nameOf = ({ opType, origin }: OnnxNode): string =>
  origin === '' ? `ONNX ${opType}` : `'${origin}' (ONNX ${opType})`;

/** What the nodes of an operator were made for, in words. */
function namesOf(graph: OnnxGraph, operator: string | undefined): string {
  if (operator === undefined) return 'an unknown operation';
  const origins = new Set([...nodesOf(graph)].filter((node) => node.opType === operator).map(({ origin }) => origin));
  origins.delete('');
  // ONNX Runtime fuses nodes under names of its own.
  if (origins.size === 0) return `ONNX ${operator}`;
  return `${[...origins].map((origin) => `'${origin}'`).join(' or ')} (ONNX ${operator})`;
}
