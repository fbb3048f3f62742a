/** What a solve reports to the host: what it counted, and how it failed. */
import { report } from '../control/report.ts';
import { concat } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { isPerSample } from './lanes.ts';
import { failureReport, reports, sampleFailureReport } from './status.ts';

/** Reports evaluations and steps; steps of samples are summed. */
export function reportCounts(
  phase: 'forward' | 'backward',
  { nfe, accepted, rejected }: Readonly<Record<'nfe' | 'accepted' | 'rejected', Tensor>>,
): void {
  const isForward = phase === 'forward';
  report(isForward ? reports.nfe : reports.nfeBackward, nfe, 'sum');
  report(isForward ? reports.accepted : reports.acceptedBackward, sumOfSamples(accepted), 'sum');
  report(isForward ? reports.rejected : reports.rejectedBackward, sumOfSamples(rejected), 'sum');
}

const sumOfSamples = (count: Tensor): Tensor => (isPerSample(count) ? count.sum() : count);

/** Tells the host how a solve ended; with steps for each sample the first that failed, and how many did. */
export function reportFailure({
  status,
  t,
  h,
  attempts,
}: Readonly<Record<'status' | 't' | 'h' | 'attempts', Tensor>>): void {
  const failure = [status.cast(t.dtype), t, h, attempts.cast(t.dtype)];
  if (!isPerSample(status)) {
    report(failureReport(t.dtype), concat(failure.map((x) => x.reshape([1]))), 'first');
    return;
  }
  const hasFailed = status.notEqual(0).cast('i32');
  const sample = hasFailed.argMax();
  const counts = [sample, hasFailed.sum()].map((x) => x.cast(t.dtype));
  const all = [...failure.map((x) => x.at(sample)), ...counts].map((x) => x.reshape([1]));
  report(sampleFailureReport(t.dtype), concat(all), 'first');
}
