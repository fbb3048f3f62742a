/** Threading of reports through bodies: hidden results of functions and branches, hidden carries of loops. */
import { asTensorResult, type Report, type Trace, type Traced } from '../tensor/trace.ts';
import { combineReports, report, reportIdentity, requireSameKind } from './report.ts';

/** Results of a body with its reports behind them. */
export function withReports(
  trace: Trace,
  results: readonly Traced[],
): { readonly results: readonly Traced[]; readonly reports: readonly Report[] } {
  trace.settle(results);
  return { results: [...results, ...trace.reports.map((r) => r.value)], reports: [...trace.reports] };
}

/** Results of one branch with a value for each report of any branch behind them. */
export function withReportsOf(trace: Trace, results: readonly Traced[], reports: readonly Report[]): readonly Traced[] {
  const values = reports.map(
    ({ name, combine, value }) =>
      trace.reports.find((r) => r.name === name)?.value ?? reportIdentity(combine, value.type),
  );
  return [...results, ...values];
}

/** The reports of several branches, each name once. */
export function unionOfReports(...traces: readonly Trace[]): readonly Report[] {
  const union = new Map<string, Report>();
  for (const trace of traces) {
    for (const r of trace.reports) {
      const known = union.get(r.name);
      if (known === undefined) union.set(r.name, r);
      else requireSameKind(known, r);
    }
  }
  return [...union.values()];
}

/** A loop body's reports as carries: their first values, and a function that gives their next ones. */
export function reportCarries(trace: Trace): {
  readonly reports: readonly Report[];
  readonly initial: readonly Traced[];
  readonly next: readonly Traced[];
} {
  const reports = [...trace.reports];
  const initial = reports.map(({ combine, value }) => reportIdentity(combine, value.type));
  const next = reports.map(({ combine, value }) =>
    combineReports(combine, asTensorResult(trace.input(value.type)), value),
  );
  return { reports, initial, next };
}

/** Reports again, outside, what came out of a structured operation. */
export function passReports(reports: readonly Report[], values: readonly Traced[]): void {
  reports.forEach(({ name, combine }, i) => {
    report(name, asTensorResult(values[i]), combine);
  });
}
