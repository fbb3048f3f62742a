/** The runner's command line. */
import { OptionError } from '@node-ode/core';
import { parseOptions, seeHelp } from '@node-ode/scripts';
import { backendFactory, backends } from './backends.ts';

/** What the runner is asked to do. */
export interface RunnerOptions {
  /** Backends to run, each once. */
  readonly backends: readonly string[];
  /** Backends that must be available. */
  readonly required: readonly string[];
  /** Where to write the report as JSON. */
  readonly json: string | undefined;
  /** A report that was written earlier, to read instead of running anything. */
  readonly from: string | undefined;
  /** Write the run of each engine into `docs/engines.md`. */
  readonly docs: boolean;
  /** Only cases whose title contains this. */
  readonly only: string;
  /** Run in a browser, and how. */
  readonly browser: BrowserOptions | undefined;
  readonly help: boolean;
}

/** How the browser is used. */
export interface BrowserOptions {
  /** Its executable; found if it is not given. */
  readonly chromium: string | undefined;
  /** Longest wait for one case, in milliseconds. */
  readonly answerWithinMs: number;
}

/** Seconds that a case may take in the browser unless told otherwise. */
const defaultTimeout = 120;

export const usage = `Usage: npm run e2e -- [options]

  --backend NAME[,NAME…]   backends to run; all of them by default
  --require NAME[,NAME…]   backends that must be available: it is a failure if one is not
  --only TEXT              only cases whose title contains TEXT
  --json FILE              write the report as JSON
  --docs                   write the run of each engine into docs/engines.md
  --from FILE              read the report of an earlier run, written by --json, instead of running
  --browser                run in a page of headless Chromium
  --chromium PATH          its executable; otherwise the one of CHROME_PATH or
                           PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH, or the first of chromium,
                           chromium-browser and google-chrome on PATH
  --timeout SECONDS        longest wait for one case in the browser; ${defaultTimeout} by default
  --help                   show this

Backends: ${Object.keys(backends).join(', ')}

Exit code: 0 if every case agrees, 1 if one does not, a required backend is missing, the page
had an error or no case ran, 2 for wrong usage, or if there is no browser.`;

const options = {
  backend: { type: 'string', multiple: true },
  require: { type: 'string', multiple: true },
  only: { type: 'string' },
  json: { type: 'string' },
  docs: { type: 'boolean' },
  from: { type: 'string' },
  browser: { type: 'boolean' },
  chromium: { type: 'string' },
  timeout: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads the arguments behind the command.
 *
 * @throws OptionError for an option or a backend that is not known.
 */
export function parseCommand(args: readonly string[]): RunnerOptions {
  const values = parseOptions('e2e', args, options);
  const required = namesIn(values.require);
  const chosen =
    values.backend === undefined && required.length === 0 ? Object.keys(backends) : namesIn(values.backend);
  const all = [...new Set([...chosen, ...required])];
  for (const name of all) backendFactory(name);
  const { json, from, docs = false, only = '', help = false } = values;
  return { backends: all, required, json, from, docs, only, browser: browserOptions(values), help };
}

type Values = ReturnType<typeof parseOptions<typeof options>>;

function browserOptions({ browser = false, chromium, timeout }: Values): BrowserOptions | undefined {
  if (browser) return { chromium, answerWithinMs: 1000 * seconds(timeout) };
  const [useless] = Object.entries({ chromium, timeout }).filter(([, value]) => value !== undefined);
  if (useless !== undefined) throw new OptionError('e2e', `--${useless[0]} without --browser`, { advice: seeHelp });
  return undefined;
}

function seconds(text: string | undefined): number {
  const value = text === undefined ? defaultTimeout : text.trim() === '' ? NaN : Number(text);
  // Node's timers end at once above 2³¹ ms.
  if (value > 0 && value <= 1e6) return value;
  throw new OptionError('e2e', `--timeout '${text ?? ''}'`, {
    expected: 'seconds, above 0 and at most 1e6',
    advice: seeHelp,
  });
}

const namesIn = (lists: readonly string[] = []): readonly string[] =>
  lists
    .flatMap((list) => list.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
