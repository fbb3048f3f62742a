/** The engine on TensorFlow's library. In a page `native-in-page.ts` takes its place, by `browser` in package.json. */
import type { TfjsBackend } from '@node-ode/backend-tfjs';
import { findTfjsNode, versionOf, type TfjsNodeBuild } from './tfjs-node.ts';

/**
 * Makes the engine on `@tensorflow/tfjs-node`, or on its CUDA build: the workspace's, or the one beside it.
 *
 * @throws Error if it is not installed, with how to get it.
 */
export async function openNative(build: TfjsNodeBuild): Promise<TfjsBackend> {
  const found = findTfjsNode(build);
  if ('reason' in found) throw new Error(found.reason);
  const { loadTfjsNode, tfjs } = await import('@node-ode/backend-tfjs');
  const tf = await loadTfjsNode({ gpu: build === 'tfjs-node-gpu', from: `${found.folder}/` });
  const backend = await tfjs({ tf, backend: 'tensorflow' });
  return { ...backend, runtime: `${found.package} ${versionOf(found)}, ${backend.runtime}` };
}
