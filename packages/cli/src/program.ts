/** The program: its commands, and what all of them have in common. */
import { readFileSync } from 'node:fs';
import { Command, type CommanderError } from 'commander';
import { commands } from './commands/index.ts';
import { exitCodes, UsageError } from './errors.ts';
import type { Io } from './io.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const exitCodeHelp = `
Exit codes:
  ${exitCodes.ok}    done
  ${exitCodes.internal}    a defect of node-ode or of a plugin
  ${exitCodes.usage}    the command line or the configuration is wrong
  ${exitCodes.data}    a file is missing, unreadable, unwritable or not what it should be
  ${exitCodes.solve}    a solve or a training step failed
  ${exitCodes.missing}    a plugin or an engine is missing, or can't do what is asked
  ${exitCodes.interrupted}  interrupted

Each command has examples: node-ode help train`;

/** The program with all its commands, which talk to `io`. */
export function createProgram(io: Io): Command {
  const program = new Command('node-ode')
    .description('Neural differential equations: train, evaluate, ship.')
    .version(version)
    .addHelpText('after', exitCodeHelp);
  prepare(program, io, 'command line', 'node-ode');
  for (const register of commands) register(program, io);
  for (const command of program.commands) {
    prepare(command, io, command.name(), `node-ode ${command.name()}`);
    command
      .option('--json', 'results as JSON on stdout: one document, or a line for each row')
      .option('--verbose', 'shows where errors come from');
  }
  return program;
}

/** Nothing ends the process, and nothing is written but to `io`: what is wrong is thrown, to be told as all errors are. */
function prepare(command: Command, { stdout, stderr }: Io, operation: string, name: string): void {
  command
    .exitOverride((ended) => {
      throw ended.exitCode === 0 || ended.code === 'commander.help' ? ended : usageError(ended, operation, name);
    })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: () => undefined,
    });
}

/** What commander says in lines, as a paragraph. */
function usageError(cause: CommanderError, operation: string, name: string): UsageError {
  const [, problem = '', meant] = /^(?:error: )?(.*?)\.?(?:\n\((.*)\))?$/s.exec(cause.message.trim()) ?? [];
  const advice = `${meant === undefined ? '' : `${meant} `}See ${name} --help.`;
  return new UsageError(operation, problem.replaceAll('\n', ' '), { advice, cause });
}
