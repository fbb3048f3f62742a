/** Kills a training run again and again, and holds what is left of it to a run that was left alone. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '@node-ode/core';
import { readCheckpoint } from '@node-ode/train/node';
import { digestOf } from './digest.ts';
import { drawMoment, stepsFor, type Moment, type Pace } from './plan.ts';
import { runSession, type Program, type Session } from './session.ts';

/** What is to be done. */
export interface TortureOptions {
  readonly program: Program;
  readonly backend: string;
  readonly kills: number;
  readonly seed: number;
  /** Told of each kill. */
  readonly onKill?: (kill: Kill) => void;
}

/** One kill, and what it left. */
export interface Kill {
  readonly moment: Moment;
  /** The last that the trainer said. */
  readonly last: string;
  /** It left a file that was not complete: the kill came while one was written. */
  readonly midWrite: boolean;
  /** The newest step with a checkpoint. */
  readonly step: number;
}

/** What came out. */
export interface TortureResult {
  readonly backend: string;
  readonly seed: number;
  readonly kills: readonly Kill[];
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps that were made more than once, since a kill came before their checkpoint was there. */
  readonly repeated: number;
  readonly pace: Pace;
  /** What went wrong; nothing, if all is well. */
  readonly problems: readonly string[];
}

/** Tortures one engine. */
export async function torture({ program, backend, kills, seed, onKill }: TortureOptions): Promise<TortureResult> {
  const place = await mkdtemp(join(tmpdir(), 'node-ode-torture-'));
  try {
    const steps = stepsFor(kills);
    const straight = await runSession(program, [join(place, 'straight'), backend, String(steps)]);
    const expected = digestsIn(straight);
    const pace = paceOf(straight);
    const folder = join(place, 'killed');
    const args = [folder, backend, String(steps)];
    const rng = random(seed);
    const [done, problems]: [Kill[], string[]] = [[], []];
    let made = 0;
    const check = async (session: Session): Promise<Left> => {
      made += session.lines.filter(({ text }) => text.startsWith('saving ')).length;
      problems.push(...session.lines.flatMap(({ text }) => (text.startsWith('warning: ') ? [text] : [])));
      const left = await inspect(folder, expected);
      problems.push(...left.problems);
      return left;
    };
    while (done.length < kills && problems.length === 0) {
      const moment = drawMoment(rng, pace);
      const session = await runSession(program, args, moment);
      const { partial, step } = await check(session);
      if (!session.killed) {
        problems.push(`the run was over after ${done.length} kills`);
        break;
      }
      const earlier = done.reduce((n, { midWrite }) => n + Number(midWrite), 0);
      const kill = { moment, last: session.last, midWrite: partial > earlier, step };
      done.push(kill);
      onKill?.(kill);
    }
    if (problems.length === 0) {
      const { step } = await check(await runSession(program, args));
      if (step !== steps) problems.push(`the run ended after step ${step} of ${steps}`);
    }
    return { backend, seed, kills: done, steps, repeated: Math.max(0, made - steps), pace, problems };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** The digest of each step's checkpoint. */
const digestsIn = ({ lines }: Session): ReadonlyMap<number, string> =>
  new Map(
    lines.flatMap(({ text }) => {
      const [what, step, digest = ''] = text.split(' ');
      return what === 'saved' ? [[Number(step), digest]] : [];
    }),
  );

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

function paceOf({ lines }: Session): Pace {
  const at = (what: string): number[] => lines.filter(({ text }) => text.startsWith(what)).map(({ at }) => at);
  const saving = at('saving ');
  const save = median(lines.flatMap(({ text }) => (text.startsWith('saved ') ? [Number(text.split(' ')[3])] : [])));
  const whole = median(saving.slice(1).map((time, i) => time - (saving[i] ?? 0)));
  return { start: saving[0] ?? 0, save, step: Math.max(0, whole - save) };
}

/** What a process left in its folder. */
interface Left {
  /** The newest step that has a checkpoint, 0 if there is none. */
  readonly step: number;
  /** Files that were never completed. */
  readonly partial: number;
  readonly problems: readonly string[];
}

/** Reads every checkpoint, and compares it with that of the run that was left alone. */
async function inspect(folder: string, expected: ReadonlyMap<number, string>): Promise<Left> {
  const names = await readdir(folder).catch(() => []); // none, if it was killed before it could make it
  const complete = names.filter((name) => /^step-\d+\.safetensors$/.test(name));
  const problems: string[] = [];
  let newest = 0;
  for (const name of complete) {
    try {
      const checkpoint = await readCheckpoint(join(folder, name));
      newest = Math.max(newest, checkpoint.step);
      if (digestOf(checkpoint) !== expected.get(checkpoint.step)) {
        problems.push(`${name} is not that of the run without kills`);
      }
    } catch (error) {
      problems.push(`${name} is damaged: ${String(error)}`);
    }
  }
  const partial = names.filter((name) => name.endsWith('.tmp')).length;
  const others = names.filter((name) => !complete.includes(name) && !name.endsWith('.tmp'));
  return { step: newest, partial, problems: [...problems, ...others.map((name) => `${name} does not belong there`)] };
}
