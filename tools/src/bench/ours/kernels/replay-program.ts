/** A task's kernel calls without the engine that makes them. */
import type { Program } from '../program.ts';
import { replayOf } from './replay.ts';
import type { KernelEvent } from './events.ts';
import { watchBackend } from './watch.ts';

/** What tfjs calls the backends of our engines on it. */
const tfjsNames: Readonly<Record<string, string>> = {
  'tfjs-cpu': 'cpu',
  'tfjs-wasm': 'wasm',
  'tfjs-webgpu': 'webgpu',
  'tfjs-node': 'tensorflow',
  'tfjs-node-gpu': 'tensorflow',
};

/** tfjs's name of the backend under an engine of ours; undefined for other engines. */
export const tfjsNameOf = (engine: string): string | undefined => tfjsNames[engine];

/**
 * Has an engine run a round of a program, and makes a program of the kernel calls that it came to.
 *
 * @param make The program; nothing of it may be compiled yet.
 */
export async function replayProgram(tfjsName: string, units: number, make: () => Promise<Program>): Promise<Program> {
  const watch = watchBackend(tfjsName);
  const events: (readonly KernelEvent[])[] = [];
  let program: Program;
  let before: readonly KernelEvent[];
  try {
    program = await make();
    watch.start();
    await program.run();
    before = watch.stop();
    program.restart();
    for (let i = 0; i < units; i++) {
      watch.start();
      await program.run();
      events.push(watch.stop());
    }
  } finally {
    watch.end();
  }
  const { run, restart, counts } = replayOf(watch.backend, events, before);
  return {
    run,
    restart,
    // The engine's own, whose constants the calls use: it lives as long.
    answer: async () => ({ ...(await program.answer()), calls: { ...counts, runs: units } }),
  };
}
