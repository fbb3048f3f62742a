import { readdir } from 'node:fs/promises';
import { OptionError } from '@node-ode/core';
import { expect, it } from 'vitest';
import { usage } from './lab/command-line.ts';
import { experiments, listExperiments, loadExperiment } from './registry.ts';

const names = Object.keys(experiments);

it('has a line for every folder with an experiment', async () => {
  const folders: string[] = [];
  for (const { name } of (await readdir(import.meta.dirname, { withFileTypes: true })).filter((e) => e.isDirectory())) {
    const files = await readdir(`${import.meta.dirname}/${name}`);
    if (name !== 'lab' && files.includes('experiment.ts')) folders.push(name);
  }
  expect([...names].sort()).toEqual(folders.sort());
});

it.each(names)('%s is called so, and has defaults that it takes itself', async (name) => {
  const experiment = await loadExperiment(name);
  expect(experiment.name).toBe(name);
  expect(usage(experiment)).toContain(`npm run experiment -- ${name} [options]`);
  for (const quick of [false, true]) {
    const { settings } = experiment.prepare({}, quick);
    for (const [key, { isFlag, read }] of Object.entries(experiment.options)) {
      const value = settings[key];
      if (!isFlag) expect(read(Array.isArray(value) ? value.join(',') : String(value))).toEqual(value);
    }
  }
});

it('lists all, and tells them to who asks for another', async () => {
  const list = await listExperiments();
  for (const name of names) expect(list).toMatch(new RegExp(`^  ${name} `, 'm'));
  await expect(loadExperiment('alchemy')).rejects.toThrow(OptionError);
  await expect(loadExperiment('alchemy')).rejects.toThrow(
    `npm run experiment: “alchemy”; expected one of ${names.join(', ')}`,
  );
});
