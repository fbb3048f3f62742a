/** The runner's report: one table, and what was excluded, failed or not available. */
import Table from 'cli-table3';
import type { About, Unavailable } from './backends.ts';
import type { Outcome } from './run-case.ts';

/** Everything that a run found. */
export interface Report {
  /** What the backends that ran say of themselves, by name. */
  readonly engines: Readonly<Record<string, About>>;
  readonly outcomes: readonly Outcome[];
  readonly unavailable: readonly Unavailable[];
  /** Required backends that are not available. */
  readonly missing: readonly string[];
  /** What went wrong beside the cases: errors of the browser's page. */
  readonly errors: readonly string[];
}

const count = ({ outcomes }: Pick<Report, 'outcomes'>, result: Outcome['result']): number =>
  outcomes.filter((o) => o.result === result).length;

/** Cases that ran: those that a backend could do. */
export const ranCases = ({ outcomes }: Report): number => outcomes.filter(({ result }) => result !== 'excluded').length;

/** Whether everything that was asked for ran and agreed. */
export const isSuccess = (report: Report): boolean =>
  count(report, 'differs') === 0 &&
  count(report, 'failed') === 0 &&
  report.missing.length === 0 &&
  report.errors.length === 0 &&
  ranCases(report) > 0;

const small = (x: number | undefined): string => (x === undefined ? '' : x === 0 ? '0' : x.toExponential(1));
const milliseconds = (x: number | undefined): string => (x === undefined ? '' : x.toFixed(1));

/** How many cases came out how, in one line. */
export const tally = (report: Pick<Report, 'outcomes'>): string =>
  `${count(report, 'agrees')} agree, ${count(report, 'differs')} differ, ${count(report, 'failed')} failed, ${count(report, 'excluded')} excluded.`;

/** One outcome as a line, while others are still to come. */
export const formatOutcome = ({ backend, title, result, firstMs, runMs }: Outcome): string =>
  `${backend}: ${title}: ${result}${firstMs === undefined ? '' : ` (${milliseconds(firstMs)} ms, then ${milliseconds(runMs)})`}`;

/** The report as text. */
export function formatReport(report: Report): string {
  const { outcomes, unavailable, missing, errors } = report;
  const table = new Table({
    head: ['case', 'backend', 'difference', 'error', 'first ms', 'run ms', 'result'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { title, backend, difference, error, firstMs, runMs, result } of outcomes) {
    table.push([title, backend, small(difference), small(error), milliseconds(firstMs), milliseconds(runMs), result]);
  }
  const ofResult = (result: Outcome['result']): readonly string[] =>
    outcomes
      .filter((o) => o.result === result)
      .map(({ title, backend, reason }) => `  ${backend}, ${title}: ${reason ?? ''}`);
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', title, ...lines];
  return [
    ...(outcomes.length === 0 ? [] : [table.toString()]),
    ...section('Excluded (what the backend lacks):', ofResult('excluded')),
    ...section('Different from the reference engine or the truth:', ofResult('differs')),
    ...section('Failed:', ofResult('failed')),
    ...section(
      'Not available:',
      unavailable.map(({ name, reason }) => `  ${name}: ${reason}${missing.includes(name) ? ' (required)' : ''}`),
    ),
    ...section(
      'Errors in the page:',
      errors.map((error) => `  ${error}`),
    ),
    '',
    tally(report),
    ...(ranCases(report) === 0 ? ['No case ran.'] : []),
  ].join('\n');
}
