/** The engines that jobs can run on: each is imported when it is asked for. */
import type { Backend } from '@node-ode/core';

/** How an engine is made, if it has the choice. */
export interface EngineOptions {
  /** Threads of one operation; 1 by default. */
  readonly threads?: number;
}

/** The factory of each engine, by the name that `--backend` takes. */
export const engines = {
  wasm: async ({ threads = 1 }: EngineOptions = {}): Promise<Backend> =>
    (await import('@node-ode/backend-wasm')).wasm({ threads }),
  reference: async (): Promise<Backend> => (await import('@node-ode/backend-reference')).reference(),
  'onnx-cpu': async ({ threads = 1 }: EngineOptions = {}): Promise<Backend> =>
    (await import('@node-ode/backend-onnx')).onnx({ provider: 'cpu', threads }),
  'onnx-cuda': async (): Promise<Backend> => (await import('@node-ode/backend-onnx')).onnx({ provider: 'cuda' }),
};

/** An engine's name. */
export type EngineName = keyof typeof engines;

/** All engines' names. */
export const engineNames: readonly EngineName[] = ['wasm', 'reference', 'onnx-cpu', 'onnx-cuda'];
