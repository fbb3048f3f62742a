/** What size-limit says of the bundles in .size-limit.mjs. */
import { join } from 'node:path';
import { execute, root } from '../packed.ts';

/** A bundle, in bytes after gzip. */
export interface BundleSize {
  readonly name: string;
  readonly passed: boolean;
  readonly size: number;
  readonly sizeLimit: number;
}

/** @throws Error with what size-limit said, if it measured nothing. */
export async function bundleSizes(): Promise<readonly BundleSize[]> {
  const { output } = await execute(process.execPath, [join(root, 'node_modules/size-limit/bin.js'), '--json']);
  const [start, end] = [output.indexOf('[\n'), output.lastIndexOf(']')];
  if (start === -1 || end < start) throw new Error(`size-limit measured nothing:\n${output}`);
  return JSON.parse(output.slice(start, end + 1)) as readonly BundleSize[];
}
