/** Results as Markdown. */
import type { Machine } from '@node-ode/scripts';
import { commonOptions } from './experiment.ts';
import type { Cell, Column, NamedFigure, Results, Table } from './results.ts';

/** A run that came to its end, as its files tell it. */
export interface RunRecord {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** What repeats it. */
  readonly command: string;
  readonly quick: boolean;
  readonly seeds: readonly number[];
  readonly engine: string;
  readonly threads: number;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Seconds of each session: more than one if the run was interrupted. */
  readonly sessions: readonly number[];
  readonly machine: Machine;
}

/** The page of a run. */
export function renderPage(run: RunRecord, { tables, figures = [], notes = [] }: Results): string {
  return [
    `# ${run.title}`,
    `${run.source}.`,
    `\`\`\`sh\n${run.command}\n\`\`\``,
    ...tables.map(renderTable),
    ...notes.map((note) => note.trim()),
    ...figures.map(renderFigure),
    `## The run`,
    renderRun(run),
  ]
    .join('\n\n')
    .concat('\n');
}

const columnOf = (column: string | Column): Column => (typeof column === 'string' ? { name: column } : column);

/** A table with its title. */
export function renderTable({ title, columns, rows }: Table): string {
  const described = columns.map(columnOf);
  const isNumeric = described.map((_, i) => rows.every((row) => typeof (row[i] ?? null) !== 'string'));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    ...(title === undefined ? [] : [`**${title}**`, '']),
    line(described.map(({ name }) => escape(name))),
    line(isNumeric.map((numeric) => (numeric ? '--:' : ':--'))),
    ...rows.map((row) => line(described.map((column, i) => escape(showCell(row[i] ?? null, column))))),
  ].join('\n');
}

const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A cell as text: `0.982 ± 0.001`, `—` where there is nothing. */
export function showCell(cell: Cell, { digits }: Pick<Column, 'digits'> = {}): string {
  if (cell === null) return '—';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return showNumber(cell, digits);
  const { mean, std } = cell;
  if (std === undefined || !Number.isFinite(std)) return showNumber(mean, digits);
  const size = Math.max(Math.abs(mean), std);
  if (digits === undefined && size > 0 && size < 1e-3) return `${mean.toExponential(1)} ± ${std.toExponential(1)}`;
  // The mean to the place of the deviation's second digit, where no number of digits is asked for.
  const places = digits ?? Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(std > 0 ? std : 1))));
  return `${showNumber(mean, places)} ± ${showNumber(std, places)}`;
}

function showNumber(value: number, digits: number | undefined): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '—' : String(value);
  if (digits !== undefined) return value.toFixed(digits);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e6 ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}

const renderFigure = ({ name, caption, animation }: NamedFigure): string =>
  [`![${caption}](${name}.png)`, caption, ...(animation === undefined ? [] : [`![In time](${name}.gif)`])].join('\n\n');

function renderRun(run: RunRecord): string {
  const { machine, sessions, seeds, engine, threads, settings } = run;
  const seconds = sessions.reduce((sum, s) => sum + s, 0);
  const rows: (readonly [string, string])[] = [
    ['size', showSize(run)],
    ['settings', showSettings(settings)],
    ['seeds', seeds.join(', ')],
    ['engine', `${engine}, ${threads} thread${threads === 1 ? '' : 's'}`],
    ['time', `${showSeconds(seconds)}${sessions.length > 1 ? ` in ${sessions.length} sessions` : ''}`],
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}`],
    ['load at the end', `${machine.load} processes`],
    ['software', `Node ${machine.node}, commit ${machine.commit ?? 'unknown'} (+: with changes)`],
    ['date', machine.date],
  ];
  return ['| | |', '| :-- | :-- |', ...rows.map(([key, value]) => `| ${key} | ${escape(value)} |`)].join('\n');
}

/** Whether a run was a full one, or which options of the experiment's own made it another. */
function showSize({ quick, command }: RunRecord): string {
  if (quick) return '`--quick`, not the paper’s';
  const given = [...command.matchAll(/ --([\w-]+)/g)].map(([, name = '']) => name);
  const own = given.filter((name) => !commonOptions.includes(name));
  return own.length === 0 ? 'full' : `full, but for ${own.map((name) => `\`--${name}\``).join(', ')}`;
}

const showSettings = (settings: Readonly<Record<string, unknown>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ') || 'none';

/** 45 s, 12 min, 2.3 h. */
export function showSeconds(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
