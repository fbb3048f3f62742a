/** `results/README.md`: which experiments were run, and how. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { showSeconds } from './render.ts';
import { writeWhole } from './work-folder.ts';
import type { WrittenResults } from './write-results.ts';

interface Entry {
  /** Of its folder, relative to the results. */
  readonly path: string;
  readonly results: WrittenResults;
}

/** Writes the page from what is in the folder; gives its path. */
export async function writeIndex(folder: string): Promise<string> {
  const entries = [...(await entriesIn(folder, '')), ...(await entriesIn(folder, 'quick'))];
  const path = join(folder, 'README.md');
  await writeWhole(path, renderIndex(entries));
  return path;
}

async function entriesIn(folder: string, part: string): Promise<readonly Entry[]> {
  const place = join(folder, part);
  if (!existsSync(place)) return [];
  const entries: Entry[] = [];
  for (const name of (await readdir(place)).sort()) {
    const file = join(place, name, 'results.json');
    if (existsSync(file)) {
      const results = JSON.parse(await readFile(file, 'utf8')) as WrittenResults;
      entries.push({ path: part === '' ? name : `${part}/${name}`, results });
    }
  }
  return entries;
}

const row = ({ path, results }: Entry): string => {
  const { title, source, command, sessions, seeds, machine } = results;
  const time = showSeconds(sessions.reduce((sum, s) => sum + s, 0));
  const cells = [
    `[${title}](${path})`,
    source,
    `\`${command}\``,
    String(seeds.length),
    time,
    machine.date.slice(0, 10),
  ];
  return `| ${cells.join(' | ')} |`;
};

const table = (entries: readonly Entry[]): string =>
  [
    '| experiment | source | command | seeds | time | date |',
    '| :-- | :-- | :-- | --: | --: | :-- |',
    ...entries.map(row),
  ].join('\n');

/** The page. */
export const renderIndex = (entries: readonly Entry[]): string => {
  const [full, quick] = [
    entries.filter(({ results }) => !results.quick),
    entries.filter(({ results }) => results.quick),
  ];
  return [
    '# Results',
    'Runs of the papers’ experiments that were really made: tables beside the papers’ numbers, figures, and what they were made on. ' +
      'Each command repeats its run; `npm run experiment` lists all of them. This page is written by `npm run experiment -- --index`.',
    ...(full.length === 0 ? [] : ['## Full runs', table(full)]),
    ...(quick.length === 0
      ? []
      : [
          '## Quick runs',
          'Small runs, under two minutes on two quiet cores with the options that they have by default: not of the papers’ size.',
          table(quick),
        ]),
  ]
    .join('\n\n')
    .concat('\n');
};
