/** `npm start`: the lynx–hare job as a process. */
import { runProgram } from '../lab/program.ts';
import { parseCommand, usage } from './command-line.ts';
import { runJob } from './job.ts';

await runProgram('npm start', async (signal) => {
  const command = parseCommand(process.argv.slice(2));
  if (!command.help) return runJob(command, { stream: process.stdout, signal });
  process.stdout.write(usage);
  return { interrupted: false };
});
