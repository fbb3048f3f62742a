/** The targets of the cases, held against what was measured. */
import type { BenchCase, Target, TimedExperiment } from './cases/case.ts';
import type { Measurement, Row, RowKey, Verdict } from './results.ts';
import { ratios, summarize } from './statistics.ts';

/** The engine that targets are about. */
export const ourEngine = 'wasm';

type MeasuredRow = RowKey & Measurement;

export const isMeasured = (row: Row): row is MeasuredRow => row.status === 'measured';

/** The row that others are compared with: the WebAssembly engine's, or that of the first engine of ours with figures. */
export function baselineOf(rows: readonly Row[]): MeasuredRow | undefined {
  const ours = rows.filter(isMeasured).filter(({ peer }) => peer === undefined);
  return ours.find(({ contestant }) => contestant === ourEngine) ?? ours[0];
}

function verdictOn(id: number, experiment: string, rows: readonly Row[], target: Target): Verdict {
  const { peer, ratio: wanted, isStrict = false } = target;
  const about = { case: id, experiment, peer, target: wanted, isStrict };
  const ours = rows.find((row) => row.contestant === ourEngine);
  const theirs = rows.filter((row) => row.peer === peer && row.threads === 1);
  const fastest = theirs.filter(isMeasured).sort((a, b) => a.ms.median - b.ms.median)[0];
  if (ours === undefined || !isMeasured(ours)) {
    return {
      ...about,
      verdict: 'not measured',
      reason: ours === undefined ? `${ourEngine} did not run` : reasonOf(ours),
    };
  }
  if (fastest === undefined) {
    const [first] = theirs;
    return { ...about, verdict: 'not measured', reason: first === undefined ? `${peer} did not run` : reasonOf(first) };
  }
  const ratio = summarize(ratios(fastest.rounds, ours.rounds));
  const isMet = isStrict ? ratio.median > wanted : ratio.median >= wanted;
  return { ...about, contestant: fastest.contestant, ratio, verdict: isMet ? 'met' : 'missed' };
}

const reasonOf = (row: Row): string => ('reason' in row ? `${row.contestant}: ${row.reason}` : row.status);

/** Verdicts on all targets of the cases that ran. */
export const verdictsOn = (cases: readonly BenchCase[], quick: boolean, rows: readonly Row[]): readonly Verdict[] =>
  cases.flatMap(({ id, experiments }) =>
    experiments(quick)
      .filter((experiment): experiment is TimedExperiment => experiment.kind === 'timed')
      .flatMap(({ name, targets }) => {
        const own = rows.filter((row) => row.case === id && row.experiment === name);
        return targets.map((target) => verdictOn(id, name, own, target));
      }),
  );
