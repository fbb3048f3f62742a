/** What an engine of this library computes with. */
import { createRequire } from 'node:module';
import type { Backend } from '@node-ode/core';

/** Packages that do an engine's work, by how its name begins. */
const packages: Readonly<Record<string, string>> = { onnx: 'onnxruntime-node' };

/** Versions of Node and of the package behind an engine, if there is one; what else the engine tells about where it runs. */
export function versionsOf(engine: string, backend: Backend): Readonly<Record<string, string>> {
  const { node } = process.versions;
  const told = toldBy(backend);
  const name = packages[engine.split('-')[0] ?? ''];
  if (name === undefined) return { node, ...told };
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { readonly version: string };
  return { node, [name]: version };
}

/** `tfjs-core 4.22.0` and the device, from engines that have them. */
function toldBy(backend: Backend): Readonly<Record<string, string>> {
  if (!('runtime' in backend && 'device' in backend)) return {};
  const [, name = 'runtime', version = ''] = /^(.*\S)\s+(\S+)$/.exec(String(backend.runtime)) ?? [];
  return { [name]: version, on: String(backend.device) };
}

/** Names of devices that are software: nobody measures those. */
const software = /swiftshader|llvmpipe|lavapipe|software/i;

/** Why there is nothing to measure on the device of an engine, if so. */
export const unfitDevice = (backend: Backend): string | undefined =>
  'device' in backend && software.test(String(backend.device))
    ? `runs in software here, ${String(backend.device)}: too slow to measure`
    : undefined;
