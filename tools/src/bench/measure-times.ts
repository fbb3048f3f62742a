/** Times: everyone prepares and answers; then those whose answer is right run in turn, round by round. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TimedExperiment } from './cases/case.ts';
import { errorOf } from './compare.ts';
import { referenceEngine, yardstick, type Contestant } from './contestants.ts';
import { unitsOf, type Task } from './problem.ts';
import type { Answer, Prepared, ReachRequest, RoundTimes } from './protocol.ts';
import type { Outcome, Row, Without } from './results.ts';
import {
  labelOf,
  prepared as preparedWorker,
  referenceAnswer,
  rowKey,
  withoutOf,
  wrong,
  type Setting,
} from './session.ts';
import { median, ratios, summarize } from './statistics.ts';
import { ourEngine } from './targets.ts';
import type { Worker } from './worker-process.ts';

/** A contestant whose answer is right. */
interface Ready {
  readonly contestant: Contestant;
  readonly asked: Checked;
  worker: Worker;
  readonly prepared: Prepared;
  readonly error: number;
  /** Median of the round before the first, or what the last run before it took, ms. */
  readonly warmup: number;
  /** Medians, as they come in, ms. */
  readonly rounds: number[];
  /** Of a yardstick: how many times as long the engine took in turn with it, as they come in. */
  readonly ratios: number[];
  failure?: Without;
}

/** Measures an experiment: a row for each contestant, in their order, and for each yardstick of an engine that is right. */
export async function measureTimes(
  id: number,
  experiment: TimedExperiment,
  everyone: readonly Contestant[],
  setting: Setting,
): Promise<readonly Row[]> {
  const { problem, yardsticks = [], isInternal = false, tooHeavyFor = [] } = experiment;
  const contestants = isInternal ? everyone.filter(({ peer }) => peer === undefined) : everyone;
  const judge = tooHeavyFor.includes(referenceEngine) ? ourEngine : referenceEngine;
  const reference = await referenceAnswer(problem, setting, judge);
  if ('status' in reference) return contestants.map((c) => ({ ...rowKey(id, experiment, c), ...reference }));
  const entered: Contestant[] = [];
  const outcomes = new Map<Contestant, Outcome>();
  const ready: Ready[] = [];
  const enter = (contestant: Contestant, result: Without | Ready): void => {
    entered.push(contestant);
    if ('status' in result) outcomes.set(contestant, result);
    else ready.push(result);
    setting.log(`  ${labelOf(contestant)}: ${'status' in result ? result.reason : 'ready'}`);
  };
  try {
    for (const contestant of contestants) {
      const sitsOut = tooHeavyFor.includes(contestant.name);
      enter(contestant, sitsOut ? tooHeavy : await prepare(contestant, experiment, reference.answer, ready, setting));
    }
    for (const one of yardsticks) {
      const engine = ready.find(({ contestant }) => contestant.name === one.engine && contestant.threads === 1);
      if (engine === undefined) continue;
      const contestant = yardstick(one.name, one.engine);
      const counterpart = { ...problem, task: one.task(engine.prepared.counts) };
      const checked = { ...experiment, problem: counterpart, inTurnWith: problem.task };
      enter(contestant, await prepareYardstick(contestant, checked, judge, setting));
    }
    await runRounds(ready, setting);
    for (const one of ready) outcomes.set(one.contestant, await outcomeOf(one, experiment.reach, setting));
  } finally {
    for (const { worker } of ready) worker.close();
  }
  return entered.map((c) => ({ ...rowKey(id, experiment, c), ...(outcomes.get(c) as Outcome) }));
}

const tooHeavy: Without = { status: 'skipped', reason: 'it would take minutes' };

/** What is asked, and what makes an answer right. */
interface Checked extends Pick<TimedExperiment, 'problem' | 'bound' | 'units' | 'longestRound'> {
  /** What it takes turns with. */
  readonly inTurnWith?: Task;
}

/** Prepares, checks the answer and warms up. */
async function prepare(
  contestant: Contestant,
  asked: Checked,
  expected: Answer,
  ready: readonly Ready[],
  setting: Setting,
): Promise<Without | Ready> {
  const { problem, bound, units = problem, longestRound, inTurnWith } = asked;
  const result = await preparedWorker(contestant, problem, setting, inTurnWith);
  if ('status' in result) return result;
  const { worker, prepared } = result;
  const dismissed = (without: Without): Without => {
    worker.close();
    return without;
  };
  const error = errorOf(prepared.answer, expected, units);
  if (!(error <= bound)) return dismissed(wrong(error, bound));
  const roundMs = unitsOf(problem.task) * prepared.runMs;
  if (!isShort(contestant, roundMs, longestRound)) {
    return dismissed({ status: 'skipped', reason: `a round would take ${(roundMs / 1000).toFixed(0)} s` });
  }
  const warmup = await warmedUp(contestant, asked, result, setting);
  if (typeof warmup !== 'number') return dismissed(warmup);
  const rival = ready.find(
    (other) => other.contestant.name === contestant.ifFasterThan && other.contestant.threads === contestant.threads,
  );
  if (rival !== undefined && warmup >= rival.warmup) {
    const reason = `does not help: ${warmup.toPrecision(3)} ms against ${rival.warmup.toPrecision(3)} ms`;
    return dismissed({ status: 'skipped', reason });
  }
  return { contestant, asked, worker, prepared, error, warmup, rounds: [], ratios: [] };
}

/** A run of so many ms leaves nothing to warm up: the one before it did. */
const warmFrom = 10_000;

/**
 * How many times as long two programs take turns, as one would run, to warm up and in a round: their ratio goes on falling when their
 * times hardly do, and the quotients of neighbours differ more than the times of one.
 */
const inTurnFor = 3;

/** The median of a round that doesn't count, ms. */
async function warmedUp(
  contestant: Contestant,
  { inTurnWith }: Checked,
  { worker, prepared: { runMs } }: { readonly worker: Worker; readonly prepared: Prepared },
  { warmupSeconds, timeouts }: Setting,
): Promise<Without | number> {
  if (runMs > warmFrom) return runMs;
  const seconds = warmupSeconds * (inTurnWith === undefined ? 1 : inTurnFor);
  const reply = await worker.request({ round: { seconds } }, timeouts.round);
  if (!('times' in reply)) return withoutOf(reply);
  await settle(contestant);
  return median(reply.times);
}

/** The same for a yardstick, which has a problem of its own. */
async function prepareYardstick(
  contestant: Contestant,
  checked: Checked,
  judge: string,
  setting: Setting,
): Promise<Without | Ready> {
  const reference = await referenceAnswer(checked.problem, setting, judge);
  if ('status' in reference) return reference;
  return prepare(contestant, checked, reference.answer, [], setting);
}

/** Everyone in turn, round by round; whoever fails sits out the rest. */
async function runRounds(ready: readonly Ready[], setting: Setting): Promise<void> {
  const { rounds, roundSeconds, timeouts } = setting;
  for (let round = 0; round < rounds; round++) {
    for (const one of ready.filter(({ failure }) => failure === undefined)) {
      if (round > 0 && one.contestant.yardstick !== undefined) await renew(one, setting);
      if (one.failure !== undefined) continue;
      const seconds = roundSeconds * (one.asked.inTurnWith === undefined ? 1 : inTurnFor);
      const reply = await one.worker.request({ round: { seconds } }, timeouts.round);
      if ('times' in reply) record(one, reply);
      else one.failure = withoutOf(reply);
      await settle(one.contestant);
    }
  }
}

/**
 * Gives a yardstick another process. Two programs that take turns keep what their process has made of them, how they were compiled and
 * where their memory lies: their ratio hardly differs from round to round, but by some percent from process to process.
 */
async function renew(one: Ready, setting: Setting): Promise<void> {
  const { contestant, asked } = one;
  one.worker.close();
  const result = await preparedWorker(contestant, asked.problem, setting, asked.inTurnWith);
  if ('status' in result) {
    one.failure = result;
    return;
  }
  one.worker = result.worker;
  const warmup = await warmedUp(contestant, asked, result, setting);
  if (typeof warmup !== 'number') one.failure = warmup;
}

function record({ rounds, ratios: found }: Ready, { times, inTurn }: RoundTimes): void {
  rounds.push(median(times));
  // Of neighbours: they had the same state of the machine, which differs within a round, too.
  if (inTurn !== undefined) found.push(median(ratios(inTurn, times)));
}

/** What came of the rounds; trains to a test loss first, where that is asked for and not too long. */
async function outcomeOf(one: Ready, reach: ReachRequest | undefined, { timeouts }: Setting): Promise<Outcome> {
  const { contestant, worker, prepared, error, rounds, ratios, failure } = one;
  if (failure !== undefined) return failure;
  const { counts, compileMs, nodesPerStep, calls } = prepared;
  const told = {
    ...(nodesPerStep === undefined ? {} : { nodesPerStep }),
    ...(calls === undefined ? {} : { calls }),
    ...(ratios.length === 0 ? {} : { ratios }),
  };
  const measured = { status: 'measured', error, counts, compileMs, ...told, rounds, ms: summarize(rounds) } as const;
  const isExperiment = contestant.yardstick === undefined;
  if (
    reach === undefined ||
    !isExperiment ||
    contestant.threads > 1 ||
    !isShort(contestant, reach.limit * prepared.runMs)
  ) {
    return measured;
  }
  const reply = await worker.request({ reach }, reach.seconds + timeouts.round);
  return 'reach' in reply ? { ...measured, reach: reply.reach } : withoutOf(reply);
}

/** Whether a contestant may take so long, or an experiment allows it. */
const isShort = ({ longestRound = Infinity }: Contestant, ms: number, allowed = 0): boolean =>
  ms <= Math.max(longestRound, allowed) * 1000;

/** Threads of a pool go on spinning for a while after their work; the next one is to have the machine for itself. */
async function settle({ threads }: Contestant): Promise<void> {
  if (threads > 1) await sleep(300);
}
