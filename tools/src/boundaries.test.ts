// The architecture is enforced: for each way to break the layers, ESLint refuses the import; for each way to keep them, it does not.
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { describe, expect, test } from 'vitest';

const eslint = new ESLint({ cwd: fileURLToPath(new URL('../../', import.meta.url)) });

/** The messages of the boundary rule for a file that holds nothing but one import. */
const complaints = async (file: string, imported: string): Promise<string[]> => {
  const [result] = await eslint.lintText(`export * from '${imported}';\n`, { filePath: file });
  expect(result?.fatalErrorCount, `ESLint parses ${file}`).toBe(0);
  return result!.messages.filter((m) => m.ruleId === '@nx/enforce-module-boundaries').map((m) => m.message);
};

const entry = (folder: string) => `packages/${folder}/src/index.ts`;

describe('the layers', () => {
  test.each([
    [entry('core'), '@node-ode/nn', /"layer:core" cannot depend on any libs/],
    [entry('core'), 'vite', /"layer:core" is not allowed to import "vite"/],
    [entry('solvers/euler'), '@node-ode/solver-rk4', /"layer:solver" can only depend on/],
    [entry('solvers/euler'), '@node-ode/gradient-adjoint', /"layer:solver" can only depend on/],
    [entry('solvers/euler'), '@node-ode/backend-reference', /"layer:solver" can only depend on/],
    [entry('solvers/euler'), '@node-ode/testkit', /"layer:solver" can only depend on/],
    [entry('solvers/euler'), '../../rk4/src/index.ts', /cannot be imported by a relative/],
    [entry('gradients/adjoint'), '@node-ode/gradient-backprop', /"layer:gradient" can only depend on/],
    [entry('gradients/adjoint'), '@node-ode/solver-dopri5', /"layer:gradient" can only depend on/],
    [entry('backends/reference'), '@node-ode/solver-dopri5', /"layer:backend" can only depend on/],
    [entry('nn'), '@node-ode/model-node', /"layer:nn" can only depend on/],
    [entry('models/node'), '@node-ode/train', /"layer:model" can only depend on/],
    [entry('datasets'), '@node-ode/nn', /"layer:datasets" can only depend on/],
    [entry('train'), '@node-ode/model-node', /"layer:train" can only depend on/],
    [entry('testkit'), '@node-ode/solver-dopri5', /"layer:testkit" can only depend on/],
    [entry('viz'), '@node-ode/datasets', /"layer:viz" can only depend on/],
  ])('%s may not import %s', async (file, imported, complaint) => {
    expect(await complaints(file, imported)).toEqual([expect.stringMatching(complaint)]);
  });

  test.each([
    [entry('solvers/euler'), '@node-ode/core'],
    [entry('models/node'), '@node-ode/nn'],
    [entry('testkit'), '@node-ode/backend-reference'],
    ['packages/experiments/src/lynx-hare/main.ts', '@node-ode/solver-dopri5'],
    ['tools/src/boundaries.test.ts', '@node-ode/testkit'],
  ])('%s may import %s', async (file, imported) => {
    expect(await complaints(file, imported)).toEqual([]);
  });
});
