// Finding tfjs-node, by folders of the test's own.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTfjsNode, folderVariable, ownFolder, tfjsNodeIn } from './tfjs-node.ts';

let folder = '';
const at = (...parts: readonly string[]): string => join(folder, ...parts);

async function put(name: string, addon: string | undefined): Promise<void> {
  const target = at(name, 'node_modules', '@tensorflow', 'tfjs-node');
  await mkdir(join(target, addon ?? ''), { recursive: true });
  await writeFile(join(target, 'package.json'), '{}');
  if (addon !== undefined) await writeFile(join(target, addon, 'tfjs_binding.node'), '');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-tfjs-node-'));
  await put('whole', 'lib/napi-v8');
  await put('second', 'lib/napi-v8');
  await put('without-addon', undefined);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('tfjs-node', () => {
  it('is taken from the first folder that has it with its addon', () => {
    const folders = [at('none'), at('without-addon'), at('second'), at('whole')];
    expect(findTfjsNode('tfjs-node', folders)).toEqual({ package: '@tensorflow/tfjs-node', folder: at('second') });
  });

  it('is not taken for its CUDA build', () => {
    expect(tfjsNodeIn(at('whole'), 'tfjs-node-gpu')).toBeUndefined();
  });

  it.each([
    ['tfjs-node', '`npm run tfjs-node` installs it'],
    ['tfjs-node-gpu', '`npm run tfjs-node -- --gpu` installs it'],
  ] as const)('%s is missing with what to do about it', (build, advice) => {
    expect(findTfjsNode(build, [at('without-addon')])).toEqual({ reason: expect.stringContaining(advice) as string });
  });

  it('lies in the user cache, or where the environment says', () => {
    expect(folderVariable('tfjs-node-gpu')).toBe('NODE_ODE_TFJS_NODE_GPU');
    expect(ownFolder('tfjs-node', { NODE_ODE_TFJS_NODE: '/elsewhere' })).toBe('/elsewhere');
    expect(ownFolder('tfjs-node', { NODE_ODE_TFJS_NODE: 'near' })).toBe(resolve('near'));
    expect(ownFolder('tfjs-node-gpu', { NODE_ODE_TFJS_NODE: '/elsewhere', XDG_CACHE_HOME: '/cache' })).toBe(
      '/cache/node-ode/tfjs-node-gpu-4.22.0',
    );
    expect(ownFolder('tfjs-node', {})).toMatch(/\.cache\/node-ode\/tfjs-node-4\.22\.0$/);
  });
});
