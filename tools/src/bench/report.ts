/** The results as Markdown: tables that are aligned as text, too. */
import { format } from 'prettier';
import { section, short, table, type Cell } from '../accuracy/markdown.ts';
import type { BenchCase } from './cases/case.ts';
import type { CallCounts, Counts } from './protocol.ts';
import type { Measurement, MemoryMeasurement, Results, Row, RowKey, Verdict } from './results.ts';
import { ratios, summarize, type Summary } from './statistics.ts';
import { baselineOf, isMeasured, ourEngine } from './targets.ts';

const none = '–';

/** Three significant digits, however large. */
const figure = (x: number): string => (Math.abs(x) >= 100 ? x.toFixed(0) : String(Number(x.toPrecision(3))));

const spread = ({ low, high }: Summary): string => `${figure(low)}–${figure(high)}`;

const megabytes = (bytes: number): string => figure(bytes / 2 ** 20);

/** How many times as long as the baseline a row took, round by round. */
function factor(row: Row, rows: readonly Row[]): Cell {
  const baseline = baselineOf(rows);
  if (baseline === undefined || !isMeasured(row)) return none;
  return `${figure(summarize(ratios(row.rounds, baseline.rounds)).median)}×`;
}

const reasonIn = (row: Row): string => ('reason' in row ? `${row.status}: ${row.reason}` : '');

function timedRow(row: Row, rows: readonly Row[]): readonly Cell[] {
  const who = [keyOf(row), row.contestant, String(row.threads)];
  if (!isMeasured(row)) return [...who, ...figures.map(() => none), reasonIn(row)];
  const { ms, counts, compileMs, error } = row;
  const hasSteps = row.task === 'solve' || row.task === 'steps';
  const perStep = hasSteps && counts.steps !== null ? figure((ms.median * 1000) / counts.steps) : none;
  return [
    ...who,
    figure(ms.median),
    spread(ms),
    perStep,
    figure(1000 / ms.median),
    String(counts.steps ?? '?'),
    `${counts.nfe ?? '?'} + ${counts.nfeBackward ?? '?'}`,
    figure(compileMs),
    short(error),
    factor(row, rows),
    remarkOn(row),
  ];
}

function remarkOn({ reach, nodesPerStep, calls, counts }: Measurement): string {
  if (nodesPerStep !== undefined) return `${nodesPerStep} nodes a step`;
  if (calls !== undefined) return remarkOnCalls(calls, counts);
  if (reach === undefined) return '';
  const { loss, iterations, ms, reached } = reach;
  return `test loss ${short(loss)} after ${iterations} steps and ${figure(ms / 1000)} s${reached ? '' : ': gave up'}`;
}

/** Of a run; without a backward pass of a step, too. */
function remarkOnCalls({ kernels, uploads, reads, runs }: CallCounts, { steps, nfeBackward }: Counts): string {
  const each = (of: number): string =>
    [`${figure(kernels / of)} kernel calls`, `${figure(uploads / of)} uploads`, `${figure(reads / of)} reads`].join(
      ', ',
    );
  const perStep = steps === null || nfeBackward !== 0 ? '' : `; a step: ${each(runs * steps)}`;
  return `a run: ${each(runs)}${perStep}`;
}

const figures = ['ms', 'spread', 'µs/step', 'per s', 'steps', 'NFE', 'compile ms', 'error', 'factor'];

const ofExperiment = (rows: readonly Row[], { case: id, experiment }: Row): readonly Row[] =>
  rows.filter((row) => row.case === id && row.experiment === experiment);

function timeSection(rows: readonly Row[]): string {
  const lines = rows.map((row) => timedRow(row, ofExperiment(rows, row)));
  return section(
    'Times',
    `*ms* is the median over rounds for one solve, one gradient, one training step or all steps of a fixed size, *spread* the smallest and the largest round; *NFE* is forward + backward; *error* is in tolerances; *factor* is how many times as long as \`${ourEngine}\` it took, or as the first engine of ours that has figures.`,
    table(['case', 'who', 'threads', ...figures, 'remark'], lines, ['who', 'remark']),
  );
}

const isMemory = (row: Row): row is RowKey & MemoryMeasurement => row.status === 'memory';

function memorySection(rows: readonly Row[]): string {
  const spans = [...new Set(rows.filter(isMemory).flatMap((row) => row.spans.map(({ span }) => span)))];
  const line = (row: Row): readonly Cell[] => {
    const who = [keyOf(row), row.contestant];
    if (!isMemory(row)) return [...who, ...spans.map(() => none), none, reasonIn(row)];
    const cells = spans.map((span) => {
      const found = row.spans.find((one) => one.span === span);
      return found === undefined ? none : `${megabytes(found.peakBytes - found.baseBytes)} (${found.steps ?? '?'})`;
    });
    return [...who, ...cells, megabytes(row.spans[0]?.baseBytes ?? NaN), row.remark ?? ''];
  };
  const head = ['case', 'who', ...spans.map((span) => `t to ${span}`), 'before', 'remark'];
  return section(
    'Memory',
    'MiB that computing one gradient adds to the resident size, with the number of forward steps; *before* is the size that it adds to.',
    table(head, rows.map(line), ['who', 'remark']),
  );
}

/** What an engine of ours that is not installed can't do is told once, and not in each table. */
const isWorthARow = ({ status, peer, contestant }: Row): boolean =>
  status !== 'unavailable' || peer !== undefined || contestant === ourEngine;

/** Whether an engine was asked for and is here: otherwise its targets say nothing. */
const takesPart = (engine: string, { options, unavailable }: Results): boolean =>
  options.backends.includes(engine) && (unavailable[engine] === undefined || engine === ourEngine);

const verdictRow = ({
  case: id,
  experiment,
  engine,
  rival,
  relation,
  target,
  verdict,
  ratio,
  ...rest
}: Verdict): readonly Cell[] => [
  `${id}, ${experiment}`,
  engine,
  rest.contestant ?? rival,
  `${relation} ${target}×`,
  ratio === undefined ? none : `${figure(ratio.median)}×`,
  ratio === undefined ? none : spread(ratio),
  rest.reason === undefined ? verdict : `${verdict}: ${rest.reason}`,
];

const targetSection = (targets: readonly Verdict[]): string =>
  section(
    'Targets',
    "≥ and >: the peer's time over that of our engine in this run, one thread each; of eager and compiled PyTorch the faster. ≤: the engine's time over that of the yardstick, both in turn in one process.",
    table(['case', 'engine', 'against', 'target', 'ratio', 'spread', 'verdict'], targets.map(verdictRow), [
      'engine',
      'against',
      'verdict',
    ]),
  );

const listOf = (entries: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(entries).map(([name, text]) => `- ${name}: ${text}`);

function machineSection({ machine, options, versions, unavailable, isInterrupted }: Results): string {
  const { cpu, cores, memoryGiB, system, node, isPinned, load, date, commit } = machine;
  const lines = [
    `- ${cpu}, ${cores} cores, ${memoryGiB} GiB; ${system}; Node ${node}`,
    `- ${date.slice(0, 16).replace('T', ' ')} UTC${commit === undefined ? '' : `, commit ${commit}`}; load before the run ${figure(load)}`,
    `- ${options.rounds} rounds${options.quick ? ', quick: shorter rounds and fewer of them, for a look only' : ''}`,
    `- workers ${isPinned ? 'kept to as many cores as they have threads (taskset)' : 'not kept to cores: no taskset here'}`,
    ...listOf(
      Object.fromEntries(
        Object.entries(versions).map(([name, packages]) => [
          name,
          Object.entries(packages)
            .map(([of, version]) => `${of} ${version}`)
            .join(', '),
        ]),
      ),
    ),
  ];
  const missing = listOf(unavailable);
  return section(
    'Machine',
    lines.join('\n'),
    ...(missing.length === 0 ? [] : ['Not available here:', missing.join('\n')]),
    ...(isInterrupted ? ['The run was interrupted: what was not measured is missing.'] : []),
  );
}

const caseLine = ({ id, title, description }: BenchCase): string => `- Case ${id}, **${title}**: ${description}`;

/** Everything as Markdown, laid out. */
export async function reportOf(results: Results, known: readonly BenchCase[]): Promise<string> {
  const rows = results.rows.filter(isWorthARow);
  const cases = known.filter(({ id }) => results.options.cases.includes(id));
  const targets = results.targets.filter(
    ({ engine, verdict }) => verdict !== 'not measured' || takesPart(engine, results),
  );
  const memoryRows = rows.filter((row) => row.task === 'memory');
  const timedRows = rows.filter((row) => row.task !== 'memory');
  const parts = [
    machineSection(results),
    ...(targets.length === 0 ? [] : [targetSection(targets)]),
    section('Cases', cases.map(caseLine).join('\n')),
    ...(timedRows.length === 0 ? [] : [timeSection(timedRows)]),
    ...(memoryRows.length === 0 ? [] : [memorySection(memoryRows)]),
  ];
  return format(parts.join('\n\n'), { parser: 'markdown' });
}

const keyOf = ({ case: id, experiment }: Row): string => `${id}, ${experiment}`;
