/** Runs the model of a file by ONNX Runtime Web, which is loaded for it. */
import { messageOf } from './engines.ts';
import type { Window } from './model-file.ts';
import type { Report } from './protocol.ts';

/** A picture of what the model does, or what is wrong with the file. */
export async function drawFile(file: Uint8Array, window: Window): Promise<Report> {
  try {
    const [{ loadOnnx }, runtime, { pictureOf }] = await Promise.all([
      import('@node-ode/backend-onnx'),
      import('onnxruntime-web/wasm'),
      import('./model-file.ts'),
    ]);
    const model = await loadOnnx(file, { runtime });
    try {
      return { type: 'drawn', ...(await pictureOf(model, window)) };
    } finally {
      await model.dispose();
    }
  } catch (error) {
    return { type: 'problem', message: messageOf(error) };
  }
}
