/** The engine on the backends of tfjs that run anywhere. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { tfjs, type TfjsBackend } from '../src/index.ts';

export const backendNames = ['cpu', 'wasm'] as const;

export const engine = (backend: string): Promise<TfjsBackend> => tfjs({ tf, backend });

export { tf };
