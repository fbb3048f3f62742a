/** `npm run leaks`: see `watch.ts`. One engine is watched in this process, several each in one of its own. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NodeOdeError } from '@node-ode/core';
import { backendFactory, isUnavailable, openBackend } from '@node-ode/e2e/backends';
import { engineCount } from './engine-count.ts';
import { parseCommand, usage, type Watching } from './options.ts';
import { describeWatched } from './report.ts';
import { leaksIn } from './verdict.ts';
import { watch } from './watch.ts';

/** Watches an engine; gives whether it is flat. */
async function watchHere({ backend: name, threads }: Watching, steps: number): Promise<boolean> {
  const factory = backendFactory(name);
  const opened = await openBackend(name, () => factory({ threads }));
  if (isUnavailable(opened)) {
    console.log(`${name}: not available: ${opened.reason}`);
    return false;
  }
  const watched = await watch(opened, await engineCount(name, opened), { steps });
  await opened.dispose();
  console.log(`${describeWatched(threads === 1 ? name : `${name}, ${threads} threads`, watched)}\n`);
  return leaksIn(watched).length === 0;
}

const watchApart = ({ backend, threads }: Watching, steps: number): boolean =>
  spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), '--backend', `${backend}:${threads}`, '--steps', String(steps)],
    { stdio: 'inherit' },
  ).status === 0;

try {
  const { engines, steps, help } = parseCommand(process.argv.slice(2));
  const [only, ...others] = engines;
  if (help) console.log(usage);
  else if (only !== undefined && others.length === 0) process.exitCode = (await watchHere(only, steps)) ? 0 : 1;
  else for (const engine of engines) if (!watchApart(engine, steps)) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof NodeOdeError ? error.message : error);
  process.exitCode = error instanceof NodeOdeError && error.code === 'OPTION' ? 2 : 1;
}
