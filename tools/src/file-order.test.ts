import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { inOrder, longest } from './file-order.ts';

const ordered = (...files: readonly (readonly [path: string, project: string, isolated: boolean])[]): string[] =>
  inOrder(files, ([path, project, isolated]) => ({ path, project, isolated })).map(([path]) => path);

it.each(longest)('%s is there', (path) => {
  expect(existsSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)))).toBe(true);
});

it('begins with the longest, and leaves files of one process beside each other', () => {
  expect(
    ordered(
      ['a', 'p', true],
      ['b', 'q', false],
      ['c', 'r', false],
      ['d', 'q', false],
      [`/w/${longest[1]}`, 'p', true],
      [`/w/${longest[0]}`, 'q', false],
      ['e', 'r', false],
      ['f', 'p', true],
    ),
  ).toEqual([`/w/${longest[0]}`, `/w/${longest[1]}`, 'b', 'd', 'c', 'e', 'a', 'f']);
});
