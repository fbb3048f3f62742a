/** The engines that the job can run on. */
import { reference } from '@node-ode/backend-reference';
import { wasm } from '@node-ode/backend-wasm';
import type { Backend } from '@node-ode/core';

/** The factory of each engine, by the name that `--backend` takes. */
export const backends = {
  wasm: (): Promise<Backend> => wasm(),
  reference: (): Promise<Backend> => Promise.resolve(reference()),
};

/** An engine's name. */
export type BackendName = keyof typeof backends;

/** Tells whether an engine has that name. */
export const isBackendName = (name: string): name is BackendName => Object.hasOwn(backends, name);
