/** A worker of this library on one backend: answers the runner's requests. */
import type { Backend, NodeOdeError } from '@node-ode/core';
import { isUnavailable, openBackend, type BackendFactory } from '@node-ode/e2e/backends';
import { unitsOf, type Problem, type Task } from '../problem.ts';
import type { Reached, ReachRequest, Reply, Request } from '../protocol.ts';
import type { Program } from './program.ts';
import { programOf } from './program-of.ts';
import { residentDuring } from './resident.ts';
import { roundsOf, timed, type Round } from './rounds.ts';
import { unfitDevice, versionsOf } from './versions.ts';

/** Answers one request after the other. */
export type Handler = (request: Request) => Promise<Reply>;

/** The worker of a backend, which is opened at the first request. */
export function workerOn(name: string, factory: BackendFactory): Handler {
  let loaded: { readonly program: Program; readonly round: Round } | undefined;

  const prepare = async (backend: Backend, problem: Problem, inTurnWith: Task | undefined): Promise<Reply> => {
    const program = await programOf(backend, problem);
    const others = inTurnWith === undefined ? [] : [await programOf(backend, { ...problem, task: inTurnWith })];
    loaded = { program, round: roundsOf([program, ...others], unitsOf(problem.task)) };
    const [firstMs, runMs] = [await timed(program.run), await timed(program.run)];
    const compileMs = Math.max(0, firstMs - runMs);
    return { prepared: { ...(await program.answer()), compileMs, runMs, versions: versionsOf(name, backend) } };
  };

  const handle = async (request: Request): Promise<Reply> => {
    if ('prepare' in request) {
      const backend = await openBackend(name, factory);
      if (isUnavailable(backend)) return { unavailable: backend.reason };
      const reason = unfitDevice(backend);
      if (reason !== undefined) return { unavailable: reason };
      const { prepare: problem, inTurnWith } = request;
      if (!backend.capabilities.dtypes.includes(problem.dtype)) return { unsupported: `no ${problem.dtype}` };
      return prepare(backend, problem, inTurnWith);
    }
    if (loaded === undefined) return { error: 'asked to run before it was prepared' };
    const { program, round } = loaded;
    if ('round' in request) {
      const [times = [], inTurn] = await round(request.round.seconds);
      return { times, ...(inTurn === undefined ? {} : { inTurn }) };
    }
    if ('reach' in request) {
      return program.test === undefined
        ? { unsupported: 'no training' }
        : { reach: await reach(program, program.test, request.reach) };
    }
    const { over } = program;
    if (over === undefined) return { unsupported: 'no gradient' };
    const { result, ...sizes } = await residentDuring(() => over(request.memory.ts));
    return { memory: { ...result, ...sizes } };
  };

  return (request) => handle(request).catch(asReply);
}

const asReply = (error: unknown): Reply => {
  const { code, message } = error as Partial<NodeOdeError>;
  const reason = message ?? String(error);
  return code === 'UNSUPPORTED' ? { unsupported: reason } : { error: reason };
};

async function reach(
  { restart, run }: Program,
  test: () => Promise<number>,
  { target, every, limit, seconds }: ReachRequest,
): Promise<Reached> {
  restart();
  await test();
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  let [iterations, loss] = [0, NaN];
  while (!(loss <= target) && iterations < limit && elapsed() < seconds * 1000) {
    for (let i = 0; i < every; i++) await run();
    iterations += every;
    loss = await test();
  }
  return { reached: loss <= target, iterations, ms: elapsed(), loss };
}
