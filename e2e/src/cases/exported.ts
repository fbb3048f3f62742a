/** A function, and the ONNX file that is made of it. */
import type { OnnxOptions } from '@node-ode/backend-onnx';
import type { HostArray, Ode, Tensor } from '@node-ode/core';
import { readLeaves } from './case.ts';

/**
 * A run that gives a function's result by the engine, and by its exported file on ONNX Runtime's CPU: two arrays of one element.
 *
 * @throws UnsupportedError when it runs, where ONNX Runtime is not installed.
 */
export function exportedAgainst(
  ode: Pick<Ode, 'compile'>,
  fn: (inputs: readonly Tensor[]) => Tensor,
  inputs: readonly HostArray[],
): () => Promise<readonly HostArray[]> {
  const compiled = ode.compile(fn);
  return async () => {
    const { exportOnnx, loadOnnx } = await import('@node-ode/backend-onnx');
    const specs = inputs.map(({ shape, dtype }) => ({ shape: [...shape], dtype }));
    const model = await loadOnnx<[readonly Tensor[]], Tensor>(exportOnnx(fn, [specs]), await runtimeHere());
    try {
      const { result } = await model.run(inputs);
      return [...(await readLeaves(await compiled(inputs))), result];
    } finally {
      await model.dispose();
    }
  };
}

/** In a page ONNX Runtime is its build for browsers, handed in. */
const runtimeHere = async (): Promise<Pick<OnnxOptions, 'runtime'>> =>
  'document' in globalThis ? { runtime: await import('onnxruntime-web') } : {};
