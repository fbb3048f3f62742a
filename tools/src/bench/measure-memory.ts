/** Memory: a process for each contestant and span, its resident size before a gradient and at its peak. */
import type { MemoryExperiment } from './cases/case.ts';
import { errorOf } from './compare.ts';
import type { Contestant } from './contestants.ts';
import type { Answer } from './protocol.ts';
import type { Outcome, Row, SpanMemory, Without } from './results.ts';
import { labelOf, prepared, referenceAnswer, rowKey, withoutOf, wrong, type Setting } from './session.ts';

/** Measures an experiment: a row for each contestant with one thread, in their order. */
export async function measureMemory(
  id: number,
  experiment: MemoryExperiment,
  contestants: readonly Contestant[],
  setting: Setting,
): Promise<readonly Row[]> {
  const { problem, spans } = experiment;
  // More threads hold about the same; compiled dynamics are there for their time.
  const takePart = contestants.filter(({ threads, ifFasterThan }) => threads === 1 && ifFasterThan === undefined);
  const expected: Answer[] = [];
  for (const span of spans) {
    const reference = await referenceAnswer({ ...problem, task: { ...problem.task, ts: [0, span] } }, setting);
    if ('status' in reference) return takePart.map((c) => ({ ...rowKey(id, experiment, c), ...reference }));
    expected.push(reference.answer);
  }
  const rows: Row[] = [];
  for (const contestant of takePart) {
    const outcome = await overSpans(contestant, experiment, expected, setting);
    rows.push({ ...rowKey(id, experiment, contestant), ...outcome });
    setting.log(`  ${labelOf(contestant)}: ${'reason' in outcome ? outcome.reason : 'measured'}`);
  }
  return rows;
}

/** One span after the other, up to the first that fails. */
async function overSpans(
  contestant: Contestant,
  experiment: MemoryExperiment,
  expected: readonly Answer[],
  setting: Setting,
): Promise<Outcome> {
  const spans: SpanMemory[] = [];
  for (const [i, span] of experiment.spans.entries()) {
    const result = await overSpan(span, contestant, experiment, expected[i] ?? {}, setting);
    if (!('status' in result)) spans.push(result);
    else return spans.length === 0 ? result : { status: 'memory', spans, remark: result.reason };
  }
  return { status: 'memory', spans };
}

async function overSpan(
  span: number,
  contestant: Contestant,
  { problem, bound }: MemoryExperiment,
  expected: Answer,
  setting: Setting,
): Promise<Without | SpanMemory> {
  const result = await prepared(contestant, problem, setting);
  if ('status' in result) return result;
  const reply = await result.worker.request({ memory: { ts: [0, span] } }, setting.timeouts.round);
  result.worker.close();
  if (!('memory' in reply)) return withoutOf(reply);
  const { answer, counts, baseBytes, peakBytes } = reply.memory;
  const error = errorOf(answer, expected, problem);
  return error <= bound ? { span, steps: counts.steps, error, baseBytes, peakBytes } : wrong(error, bound);
}
