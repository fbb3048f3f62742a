/** What measurements share: how they are made, workers that are ready, and answers to hold them to. */
import type { Experiment } from './cases/case.ts';
import { referenceOf } from './compare.ts';
import { engine, referenceEngine, type Contestant } from './contestants.ts';
import type { Problem, Task } from './problem.ts';
import { isRefusal, reasonOf, type Answer, type Prepared, type Reply } from './protocol.ts';
import type { RowKey, Without } from './results.ts';
import type { Worker } from './worker-process.ts';

/** How a run is made. */
export interface Setting {
  readonly start: (contestant: Contestant) => Worker;
  readonly rounds: number;
  /** Of one contestant in one round, and before the first. */
  readonly roundSeconds: number;
  readonly warmupSeconds: number;
  /** Seconds after which a worker that says nothing is ended. */
  readonly timeouts: { readonly prepare: number; readonly round: number };
  /** Contestants that turned out not to be available, with the reason: not started again. */
  readonly unavailable: Map<string, string>;
  /** Reference answers, by problem: what takes part in several experiments is solved once. */
  readonly references: Map<string, Answer>;
  /** Versions, by contestant. */
  readonly versions: Map<string, Readonly<Record<string, string>>>;
  readonly log: (text: string) => void;
}

/** The part of a row that says what it is about. */
export const rowKey = (id: number, experiment: Experiment, { name, peer, yardstick, threads }: Contestant): RowKey => ({
  case: id,
  experiment: experiment.name,
  contestant: name,
  ...(peer === undefined ? {} : { peer }),
  ...(yardstick === undefined ? {} : { yardstick }),
  threads,
  task: experiment.kind === 'memory' ? 'memory' : experiment.problem.task.kind,
});

/** A contestant in the log. */
export const labelOf = ({ name, threads }: Contestant): string =>
  threads === 1 ? name : `${name}, ${threads} threads`;

/** What a reply that is not the one asked for comes to. */
export function withoutOf(reply: Reply): Without {
  if (!isRefusal(reply)) return { status: 'failed', reason: 'its reply is to another request' };
  const reason = reasonOf(reply);
  if ('unsupported' in reply) return { status: 'unsupported', reason };
  return 'unavailable' in reply ? { status: 'unavailable', reason } : { status: 'failed', reason };
}

/** An answer that is too far off. */
export const wrong = (error: number, bound: number): Without => ({
  status: 'wrong',
  reason: `its answer is ${Number.isNaN(error) ? 'no number' : `${error.toPrecision(2)} tolerances off`}; at most ${bound} are allowed`,
});

/** The answer that others are held to, by an engine in f64, or why there is none: then nothing could be checked. */
export async function referenceAnswer(
  problem: Problem,
  { start, timeouts, references }: Setting,
  by = referenceEngine,
): Promise<Without | { readonly answer: Answer }> {
  const asked = referenceOf(problem);
  const key = JSON.stringify([by, asked]);
  const known = references.get(key);
  if (known !== undefined) return { answer: known };
  const worker = start(engine(by));
  const reply = await worker.request({ prepare: asked }, timeouts.prepare);
  worker.close();
  if ('prepared' in reply) {
    references.set(key, reply.prepared.answer);
    return { answer: reply.prepared.answer };
  }
  return { status: 'failed', reason: `there is no reference answer: ${withoutOf(reply).reason}` };
}

/** Starts a worker and has it prepare, perhaps with what it takes turns with; or why there is none. */
export async function prepared(
  contestant: Contestant,
  problem: Problem,
  { start, timeouts, unavailable, versions }: Setting,
  inTurnWith?: Task,
): Promise<Without | { readonly worker: Worker; readonly prepared: Prepared }> {
  if (contestant.unfit !== undefined) return { status: 'skipped', reason: contestant.unfit };
  const known = unavailable.get(contestant.name);
  if (known !== undefined) return { status: 'unavailable', reason: known };
  const worker = start(contestant);
  const request = { prepare: problem, ...(inTurnWith === undefined ? {} : { inTurnWith }) };
  const reply = await worker.request(request, timeouts.prepare);
  if ('prepared' in reply) {
    versions.set(contestant.name, reply.prepared.versions);
    return { worker, prepared: reply.prepared };
  }
  worker.close();
  const without = withoutOf(reply);
  if (without.status === 'unavailable') unavailable.set(contestant.name, without.reason);
  return without;
}
