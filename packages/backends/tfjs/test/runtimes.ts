/** Backends of tfjs for tests, as segments use them. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { findRuntime } from '../src/runtime/find-backend.ts';
import type { TfRuntime } from '../src/runtime/runtime.ts';
import { tfjsNode } from './tfjs-node.ts';

export const backendNames = ['cpu', 'wasm'] as const;

export const runtimeOf = async (name: string): Promise<TfRuntime> =>
  findRuntime(name === 'tensorflow' ? await tfjsNode() : tf, name);
