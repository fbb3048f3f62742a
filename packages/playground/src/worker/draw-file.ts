/** Runs the model of a file by ONNX Runtime Web, which is loaded for it. */
import { SolveError } from '@node-ode/core';
import { messageOf } from './engines.ts';
import type { Window } from './model-picture.ts';
import type { Report } from './protocol.ts';

/** A picture of what the model does, or what is wrong with the file. */
export async function drawFile(file: Uint8Array, window: Window): Promise<Report> {
  try {
    const [{ loadOnnx }, runtime, { pictureOf }] = await Promise.all([
      import('@node-ode/backend-onnx'),
      import('onnxruntime-web/wasm'),
      import('./model-picture.ts'),
    ]);
    const model = await loadOnnx(file, { runtime });
    try {
      return { type: 'drawn', ...(await pictureOf(model, window)) };
    } finally {
      await model.dispose();
    }
  } catch (error) {
    return { type: 'problem', message: problemOf(error) };
  }
}

/** What the runtime advises is for who wrote the model; who looks at it can look elsewhere. */
function problemOf(error: unknown): string {
  if (!(error instanceof SolveError)) return messageOf(error);
  const [problem = ''] = error.message.split('. ', 1);
  return `${problem}. Choose a plane, and a time until which it flows, that the model has learned from.`;
}
