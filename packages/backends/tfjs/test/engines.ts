/** The engine on the backends of tfjs that run anywhere, and how much they hold. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { tfjs, type TfjsBackend } from '../src/index.ts';

export const backendNames = ['cpu', 'wasm'] as const;

export const engine = (backend: string): Promise<TfjsBackend> => tfjs({ tf, backend });

/** What a backend of tfjs and tfjs's engine hold. */
export function held(backend: string): readonly number[] {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return [tf.findBackend(backend).numDataIds(), numTensors, numDataBuffers, numBytes];
}

export { tf };
