/** The frame of a function: where in it the roots lie that are the function's own. */
import type { Root } from './root.ts';
import { align } from './types.ts';
import type { Variable } from './variable.ts';

/**
 * Finds out when roots are in use, and gives those of the frame their offsets: what is in use at the same time lies apart, and
 * large ones are laid first.
 *
 * @param variables all that have roots
 * @returns the bytes of the frame
 */
export function layOutFrame(roots: Iterable<Root>, variables: Iterable<Variable>): number {
  for (const variable of variables) {
    if (variable.root === undefined) continue;
    extend(variable.root, variable.position);
    for (const { position } of variable.uses) extend(variable.root, position);
  }
  const framed = [...roots].filter((root) => root.home.kind === 'frame' && root.end >= root.start);
  framed.sort((a, b) => b.bytes - a.bytes);
  const laid: Root[] = [];
  let size = 0;
  for (const root of framed) {
    const neighbours = laid.filter((other) => other.start <= root.end && root.start <= other.end);
    neighbours.sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const other of neighbours) {
      if (offset + align(root.bytes) <= other.offset) break;
      offset = Math.max(offset, other.offset + align(other.bytes));
    }
    root.offset = offset;
    laid.push(root);
    size = Math.max(size, offset + align(root.bytes));
  }
  return size;
}

/** Puts a position among those at which a root is in use. */
function extend(root: Root, position: number): void {
  root.start = Math.min(root.start, position);
  root.end = Math.max(root.end, position);
  if (root.home.kind === 'dynamic') for (const place of root.home.among) extend(place, position);
}
