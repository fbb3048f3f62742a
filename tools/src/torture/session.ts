/** One life of the trainer: from its start to its end, or to the moment when it is killed. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mostSaves, type Moment } from './plan.ts';

/** How the trainer is started: `file` with `args`, and FOLDER BACKEND STEPS behind them. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

/** What one process said, and when, in milliseconds after its start. */
export interface Session {
  readonly killed: boolean;
  /** What it was doing when it ended: the last thing that it said. */
  readonly last: string;
  readonly lines: readonly { readonly text: string; readonly at: number }[];
}

/** A trainer that says nothing for so long hangs. */
const patience = 120_000;

/**
 * Runs the trainer; kills it at a moment, if there is one, with the signal that no process can see coming.
 *
 * @throws Error if it ends by itself before it is done, or says nothing for two minutes.
 */
export function runSession(program: Program, args: readonly string[], moment?: Moment): Promise<Session> {
  return new Promise((resolve, reject) => {
    const child = spawn(program.file, [...program.args, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const began = performance.now();
    const lines: { text: string; at: number }[] = [];
    let [count, saves, complaint, killed, silent] = [0, 0, '', false, false];
    const kill = (): void => {
      killed = child.kill('SIGKILL');
    };
    const watch = setTimeout(() => {
      silent = true;
      child.kill('SIGKILL');
    }, patience);
    createInterface({ input: child.stdout }).on('line', (text) => {
      lines.push({ text, at: performance.now() - began });
      watch.refresh();
      if (moment === undefined) return;
      const said = text.split(' ')[0];
      if (said === 'saved' && ++saves === mostSaves) return kill();
      if (said !== moment.after) return;
      count += 1;
      if (count !== moment.count) return;
      if (moment.delay < 1) spin(moment.delay);
      if (moment.delay < 1) kill();
      else setTimeout(kill, moment.delay);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(watch);
      const last = lines.at(-1)?.text ?? '';
      if (silent) return reject(new Error(`the trainer hangs after “${last}”\n${complaint}`));
      if (signal === 'SIGKILL' || last === 'finished') {
        return resolve({ killed: killed && last !== 'finished', last, lines });
      }
      reject(new Error(`the trainer ended with ${signal ?? `code ${code ?? 0}`} after “${last}”\n${complaint}`));
    });
  });
}

/** Waits for less than a timer can. */
function spin(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}
