/** The files of a run: a page, its numbers, its figures. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure } from '@node-ode/viz';
import { saveAnimation, saveFigure } from '@node-ode/viz/node';
import { renderPage, type RunRecord } from './render.ts';
import type { NamedFigure, Results } from './results.ts';
import { writeWhole } from './work-folder.ts';

/** What `results.json` holds, beside everything of the run. */
export interface WrittenResults extends RunRecord, Omit<Results, 'figures'> {
  readonly figures: readonly { readonly name: string; readonly caption: string }[];
}

/** Writes `README.md`, `results.json` and figures; gives the names of the files. */
export async function writeResults(folder: string, run: RunRecord, results: Results): Promise<readonly string[]> {
  const figures = results.figures ?? [];
  for (const { name } of await earlierFigures(folder)) {
    for (const ending of ['svg', 'png', 'gif']) await rm(join(folder, `${name}.${ending}`), { force: true });
  }
  for (const { name, figure, animation } of figures) {
    await saveFigure(figure, join(folder, name), { scale: scaleOf(figure) });
    if (animation !== undefined) await saveAnimation(animation, join(folder, name));
  }
  const written: WrittenResults = {
    ...run,
    ...results,
    figures: figures.map(({ name, caption }) => ({ name, caption })),
  };
  await writeWhole(join(folder, 'results.json'), `${JSON.stringify(written, undefined, 1)}\n`);
  await writeWhole(join(folder, 'README.md'), renderPage(run, results));
  return ['README.md', 'results.json', ...figures.flatMap(filesOf)];
}

const filesOf = ({ name, animation }: NamedFigure): readonly string[] =>
  ['svg', 'png', ...(animation === undefined ? [] : ['gif'])].map((ending) => `${name}.${ending}`);

/** Sharp where a figure is small, and not larger than pages need. */
const scaleOf = ({ width }: Figure): number => Math.min(2, Math.max(1, 1100 / width));

/** The figures of the run before: this one may have others. */
async function earlierFigures(folder: string): Promise<WrittenResults['figures']> {
  const file = join(folder, 'results.json');
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as WrittenResults).figures : [];
}
