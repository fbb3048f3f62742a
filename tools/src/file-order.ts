// The order in which vitest begins test files, for the workspace's whole run.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest, most of it in programs that they start: begun last, one of them would run on alone. By the ends of their paths. */
export const longest = [
  'packages/backends/tfjs/src/conformance.webgpu.test.ts',
  'packages/playground/src/site/page.test.ts',
  'e2e/src/browser/page-host.test.ts',
  'tools/src/generators.test.ts',
  'packages/backends/onnx/src/conformance.webgpu.test.ts',
  'packages/backends/tfjs/src/memory.tfjs-node.test.ts',
  'packages/cli/src/process.test.ts',
  'e2e/src/sizes/installs.test.ts',
  'e2e/src/third-party.test.ts',
  'tools/src/release.test.ts',
  'tools/src/torture/torture.test.ts',
] as const;

/** What an order is made of: a file, its project, and whether it has a process of its own. */
interface Placed {
  readonly path: string;
  readonly project: string;
  readonly isolated: boolean;
}

/**
 * The longest first; then, project by project, files that share a process with their siblings, as vitest goes on with a process only for
 * the next file in its queue; then the rest. Within each, as they came.
 */
export function inOrder<T>(files: readonly T[], placeOf: (file: T) => Placed): T[] {
  const projects = [...new Set(files.map((file) => placeOf(file).project))];
  const rank = (file: T): number => {
    const { path, project, isolated } = placeOf(file);
    const long = longest.findIndex((end) => path.endsWith(end));
    if (long !== -1) return long;
    return longest.length + (isolated ? projects.length : projects.indexOf(project));
  };
  return files.toSorted((a, b) => rank(a) - rank(b));
}

/** For `sequence.sequencer` of vitest's configuration. */
export default class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return inOrder(await super.sort(files), ({ moduleId, project }) => ({
      path: moduleId,
      project: project.name,
      isolated: project.config.isolate,
    }));
  }
}
