/** `npm run torture`: see `torture.ts`. */
import { fileURLToPath } from 'node:url';
import { NodeOdeError } from '@node-ode/core';
import { parseCommand, usage } from './options.ts';
import { describeKill, describeResult } from './report.ts';
import { torture } from './torture.ts';

const program = {
  file: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('trainer.js', import.meta.url))],
};

try {
  const { backends, kills, seed, help } = parseCommand(process.argv.slice(2));
  if (help) console.log(usage);
  else {
    for (const backend of backends) {
      let n = 0;
      const onKill = (kill: Parameters<typeof describeKill>[0]): void =>
        console.error(`${backend} ${describeKill(kill, ++n, kills)}`);
      const result = await torture({ program, backend, kills, seed, onKill });
      console.log(describeResult(result));
      if (result.problems.length > 0) process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(error instanceof NodeOdeError ? error.message : error);
  process.exitCode = error instanceof NodeOdeError && error.code === 'OPTION' ? 2 : 1;
}
