/** What an engine of this library computes with. */
import { createRequire } from 'node:module';

/** Packages that do an engine's work, by how its name begins. */
const packages: Readonly<Record<string, string>> = { onnx: 'onnxruntime-node' };

/** Versions of Node and of the package behind an engine, if there is one. */
export function versionsOf(engine: string): Readonly<Record<string, string>> {
  const { node } = process.versions;
  const name = packages[engine.split('-')[0] ?? ''];
  if (name === undefined) return { node };
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { readonly version: string };
  return { node, [name]: version };
}
