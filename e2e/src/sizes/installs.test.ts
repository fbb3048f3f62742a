// Install only what you need: in empty folders, from packed tarballs, nothing comes along that was not asked for.
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, emptyFolder, pack, root, type Tarballs } from '../packed.ts';
import { expectedPackages, installSubset, runExamples } from './install.ts';
import { onnx, smallest, usual, type Subset } from './subsets.ts';

let place: Awaited<ReturnType<typeof emptyFolder>> | undefined;
let tarballs: Tarballs = new Map();
const folderOf = (name: string): string => join(place!.folder, name);

beforeAll(async () => {
  await build(
    'packages/backends/reference/tsconfig.lib.json',
    'packages/backends/wasm/tsconfig.lib.json',
    'packages/backends/onnx/tsconfig.lib.json',
    'packages/solvers/rk4/tsconfig.lib.json',
    'packages/solvers/dopri5/tsconfig.lib.json',
    'packages/gradients/adjoint/tsconfig.lib.json',
    'packages/nn/tsconfig.lib.json',
  );
  place = await emptyFolder('installs');
  const names = new Set([...smallest.packages, ...onnx.packages, '@node-ode/host-driver']);
  tarballs = await pack([...names], folderOf('tarballs'));
}, 300_000);

afterAll(() => place?.remove());

describe.each<{ readonly subset: Subset; readonly examples: number; readonly about?: string }>([
  { subset: smallest, examples: 1 },
  { subset: usual, examples: 8 },
  { subset: onnx, examples: 2, about: '@node-ode/backend-onnx' },
])('$subset.name', ({ subset, examples, about }) => {
  it('installs what was asked for and nothing else, within its budget, and runs its examples', async () => {
    const installed = await installSubset(subset, tarballs, folderOf(subset.name.replace(/\W+/g, '-')));
    expect(installed.packages).toEqual(expectedPackages(subset));
    expect(installed.bytes).toBeLessThan(subset.budget);
    // ONNX Runtime, 200 MB, is the workspace's: `npm run size` installs it.
    if (subset === onnx) {
      for (const runtime of ['onnxruntime-node', 'onnxruntime-common']) {
        await symlink(join(root, 'node_modules', runtime), join(installed.folder, 'node_modules', runtime), 'dir');
      }
    }
    const { ran, failures } = await runExamples(subset, installed, about);
    expect(failures).toEqual([]);
    expect(ran).toBeGreaterThanOrEqual(examples);
  }, 180_000);
});
