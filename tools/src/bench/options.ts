/** The runner's command line. */
import { OptionError } from '@node-ode/core';
import { backends } from '@node-ode/e2e/backends';
import { integerOf, parseOptions, pathOf, seeHelp } from '@node-ode/scripts';
import { benchCases } from './cases/index.ts';
import { peerNames, type Field } from './contestants.ts';

/** What the runner is asked to do. */
export interface BenchOptions extends Field {
  /** Cases by number. */
  readonly cases: readonly number[];
  readonly rounds: number;
  readonly quick: boolean;
  /** Folder of the results. */
  readonly out: string;
  /** Writes docs/benchmarks.md as well. */
  readonly docs: boolean;
  readonly help: boolean;
}

const command = 'npm run bench';

export const defaultRounds = { quick: 3, full: 7 } as const;
const defaultOut = 'output/bench';
const defaultThreads = '1,2';
const options = {
  case: { type: 'string' },
  backend: { type: 'string' },
  peers: { type: 'string' },
  'no-peers': { type: 'boolean' },
  rounds: { type: 'string' },
  threads: { type: 'string' },
  python: { type: 'string' },
  quick: { type: 'boolean' },
  out: { type: 'string' },
  docs: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;
const caseIds = benchCases.map(({ id }) => String(id));

export const usage = `Measures solves, gradients and training against other libraries that are installed.

npm run bench -- [options]

  --case N[,N…]         cases to run; all by default
  --backend NAME[,…]    engines of this library; all by default
  --peers NAME[,…]      other libraries; all by default
  --no-peers            none of them
  --rounds N            rounds of each measurement, ${defaultRounds.full} by default, ${defaultRounds.quick} with --quick
  --threads N[,N…]      threads of the engines and peers that have threads, ${defaultThreads} by default
  --python PATH         Python with the peers of tools/bench/requirements.txt;
                        $NODE_ODE_PYTHON, else python3 by default
  --quick               shorter rounds, no training to a test loss
  --out DIR             folder for results.json and results.md, ${defaultOut} by default
  --docs                writes docs/benchmarks.md as well
  --help                prints this

Cases:
${benchCases.map(({ id, title }) => `  ${id}  ${title}`).join('\n')}

Backends: ${Object.keys(backends).join(', ')}
Peers: ${peerNames.join(', ')}

Exit code: 0 if there are figures, whatever the targets and the peers; 1 if there are none or an engine of this
library failed or answered wrongly; 2 for wrong usage; 130 after Ctrl-C.`;

/**
 * Reads the arguments behind the command.
 *
 * @throws OptionError for an option, a case, a backend or a peer that is not known, or a number out of range.
 */
export function parseCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): BenchOptions {
  const values = parseOptions(command, args, options);
  const { quick = false, help = false, docs = false, out = defaultOut } = values;
  const without = values['no-peers'] ?? false;
  if (without && values.peers !== undefined) refuse('--peers with --no-peers', 'one of them');
  const rounds = values.rounds === undefined ? defaultRounds[quick ? 'quick' : 'full'] : count('rounds', values.rounds);
  return {
    cases: chosen('case', values.case, caseIds).map(Number),
    backends: chosen('backend', values.backend, Object.keys(backends)),
    peers: without ? [] : chosen('peers', values.peers, peerNames),
    rounds,
    threads: [...new Set(listOf('threads', values.threads ?? defaultThreads).map((n) => count('threads', n)))],
    python: nonEmpty(values.python) ?? nonEmpty(env['NODE_ODE_PYTHON']) ?? 'python3',
    quick,
    out: pathOf(command, 'out', out),
    docs,
    help,
  };
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function refuse(problem: string, expected: string): never {
  throw new OptionError(command, problem, { expected, advice: seeHelp });
}

function listOf(option: string, text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) refuse(`--${option} '${text}'`, 'names or numbers with commas between them');
  return [...new Set(names)];
}

/** The names in a list, each one of those known; all of them without a list. */
function chosen<T extends string>(option: string, text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined) return known;
  const names = listOf(option, text);
  const unknown = names.find((name) => !known.some((each) => each === name));
  if (unknown !== undefined) refuse(`--${option} '${unknown}'`, `one of ${known.join(', ')}`);
  return names as readonly T[];
}

const count = (option: string, text: string): number => integerOf(command, option, text, { min: 1 });
