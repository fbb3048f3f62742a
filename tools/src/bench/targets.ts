/** The targets of the cases, held against what was measured. */
import type { BenchCase, PeerTarget, TimedExperiment, Yardstick } from './cases/case.ts';
import { yardstickName } from './contestants.ts';
import type { Measurement, Row, RowKey, Verdict } from './results.ts';
import { ratios, summarize } from './statistics.ts';

/** The engine that targets are about, unless they name another. */
export const ourEngine = 'wasm';

type MeasuredRow = RowKey & Measurement;

export const isMeasured = (row: Row): row is MeasuredRow => row.status === 'measured';

/** The row that others are compared with: the WebAssembly engine's, or that of the first engine of ours with figures. */
export function baselineOf(rows: readonly Row[]): MeasuredRow | undefined {
  const ours = rows.filter(isMeasured).filter(isEngine);
  return ours.find(({ contestant }) => contestant === ourEngine) ?? ours[0];
}

/** Targets are about one thread. */
const isEngine = ({ peer, yardstick, threads }: Row): boolean =>
  peer === undefined && yardstick === undefined && threads === 1;

/** What a verdict is about, before anything was measured. */
type Question = Pick<Verdict, 'case' | 'experiment' | 'engine' | 'rival' | 'relation' | 'target'>;

/** The rows that a target is about, and the ratio of them that it bounds, round by round. */
interface Comparison {
  readonly isRival: (row: Row) => boolean;
  readonly ratiosOf: (ours: MeasuredRow, rival: MeasuredRow) => readonly number[];
}

function verdictOn(question: Question, rows: readonly Row[], { isRival, ratiosOf }: Comparison): Verdict {
  const { engine, rival, relation, target } = question;
  const notMeasured = (reason: string): Verdict => ({ ...question, verdict: 'not measured', reason });
  const ours = rows.find((row) => isEngine(row) && row.contestant === engine);
  if (ours === undefined) return notMeasured(`${engine} did not run`);
  if (!isMeasured(ours)) return notMeasured(reasonOf(ours));
  const theirs = rows.filter(isRival);
  const fastest = theirs.filter(isMeasured).sort((a, b) => a.ms.median - b.ms.median)[0];
  if (fastest === undefined) {
    const [first] = theirs;
    return notMeasured(first === undefined ? `${rival} did not run` : reasonOf(first));
  }
  const ratio = summarize(ratiosOf(ours, fastest));
  const verdict = holds[relation](ratio.median, target) ? 'met' : 'missed';
  return { ...question, contestant: fastest.contestant, ratio, verdict };
}

const holds: Readonly<Record<Verdict['relation'], (ratio: number, target: number) => boolean>> = {
  '≥': (ratio, target) => ratio >= target,
  '>': (ratio, target) => ratio > target,
  '≤': (ratio, target) => ratio <= target,
};

const reasonOf = (row: Row): string => ('reason' in row ? `${row.contestant}: ${row.reason}` : row.status);

/** Verdicts on all targets of the cases that ran. */
export const verdictsOn = (cases: readonly BenchCase[], quick: boolean, rows: readonly Row[]): readonly Verdict[] =>
  cases.flatMap(({ id, experiments }) =>
    experiments(quick)
      .filter((experiment): experiment is TimedExperiment => experiment.kind === 'timed')
      .flatMap(({ name, targets, yardsticks = [] }) => {
        const own = rows.filter((row) => row.case === id && row.experiment === name);
        const about = { case: id, experiment: name };
        return [
          ...targets.map((target) => verdictOnPeer(about, target, own)),
          ...yardsticks.map((yardstick) => verdictOnYardstick(about, yardstick, own)),
        ];
      }),
  );

type About = Pick<Question, 'case' | 'experiment'>;

function verdictOnPeer(about: About, target: PeerTarget, rows: readonly Row[]): Verdict {
  const { peer, contestant, ratio, isStrict = false, engine = ourEngine } = target;
  const rival = contestant ?? peer;
  const question: Question = { ...about, engine, rival, relation: isStrict ? '>' : '≥', target: ratio };
  const isRival = (row: Row): boolean =>
    row.peer === peer && (contestant === undefined || row.contestant === contestant);
  return verdictOn(question, rows, {
    isRival: (row) => isRival(row) && row.threads === 1,
    ratiosOf: (ours, theirs) => ratios(theirs.rounds, ours.rounds),
  });
}

function verdictOnYardstick(about: About, { name, engine, ratio }: Yardstick, rows: readonly Row[]): Verdict {
  const question: Question = { ...about, engine, rival: name, relation: '≤', target: ratio };
  return verdictOn(question, rows, {
    isRival: (row) => row.contestant === yardstickName(name, engine),
    // Its own process has run the engine in turn with it.
    ratiosOf: (_, { ratios: inTurn = [] }) => inTurn,
  });
}
