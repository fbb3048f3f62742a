/** The kernel calls of runs, made again in a plain loop: what an engine would cost if it did nothing but call kernels. */
import type { TfKernelBackend } from '@node-ode/backend-tfjs';
import { ExecutionError } from '@node-ode/core';
import { elementsIn } from './elements.ts';
import type { KernelEvent, ReadEvent, UploadEvent } from './events.ts';
import { planRuns, type KernelCounts } from './plan.ts';

/** Runs to go through one after the other, again and again. */
export interface Replay {
  /** What all of them ask of the backend. */
  readonly counts: KernelCounts;
  /** Makes the calls of the next run. What was read after them has to be what it was. */
  run(): Promise<void>;
  /** Goes back to the first. */
  restart(): void;
  /** Frees what was uploaded. */
  dispose(): void;
}

/**
 * What a backend said of runs that followed each other, made ready to be done again. What they used is not freed meanwhile.
 *
 * @param before What it said of the run before them, of which they may find something.
 */
export function replayOf(
  backend: TfKernelBackend,
  events: readonly (readonly KernelEvent[])[],
  before: readonly KernelEvent[] = [],
): Replay {
  const slots: object[] = [];
  const [first = [], ...others] = events;
  const runs = planRuns([[...keptFor(events.flat(), before), ...first], ...others]).map((run) => ({
    ...run,
    uploaded: run.uploaded.map(({ values, shape, dtype }) => backend.write(values, [...shape], dtype)),
  }));
  const disposeOf = (from: readonly number[]): void => {
    for (let i = 0; i < from.length; i++) backend.disposeData(slots[from[i]!]!);
  };
  let next = 0;

  const restart = (): void => {
    if (next > 0) disposeOf(runs[next - 1]!.left);
    next = 0;
  };
  const run = async (): Promise<void> => {
    if (next === runs.length) restart();
    const { opening, calls, closing, uploaded } = runs[next++]!;
    disposeOf(opening);
    let given = 0;
    for (let c = 0; c < calls.length; c++) {
      const { kernel, given: inputs, operands, sources, results, uploads, disposals } = calls[c]!;
      for (let i = 0; i < uploads.length; i++) slots[uploads[i]!] = uploaded[given++]!;
      for (let i = 0; i < sources.length; i++) operands[i]!.dataId = slots[sources[i]!]!;
      const output = kernel(inputs);
      if (Array.isArray(output)) for (let i = 0; i < results.length; i++) slots[results[i]!] = output[i]!.dataId;
      else slots[results[0]!] = output.dataId;
      for (let i = 0; i < disposals.length; i++) backend.disposeData(slots[disposals[i]!]!);
    }
    for (const last of closing) {
      if (last.kind === 'upload') slots[last.slot] = uploaded[given++]!;
      else if (last.kind === 'dispose') backend.disposeData(slots[last.slot]!);
      else await readAgain(last.event, slots[last.slot]!, backend);
    }
  };
  const sum = (of: (counts: KernelCounts) => number): number => runs.reduce((n, { counts }) => n + of(counts), 0);
  return {
    counts: {
      kernels: sum(({ kernels }) => kernels),
      uploads: sum(({ uploads }) => uploads),
      reads: sum(({ reads }) => reads),
    },
    run,
    restart,
    dispose: () => {
      restart();
      for (const { uploaded } of runs) for (const id of uploaded) backend.disposeData(id);
    },
  };
}

/**
 * What an engine keeps on the backend from one run for the next, of an earlier run: uploads that are written over or disposed of later,
 * as they were left.
 */
function keptFor(later: readonly KernelEvent[], before: readonly KernelEvent[]): readonly UploadEvent[] {
  const kept = new Map<object, UploadEvent>();
  for (const event of before) {
    if (event.kind === 'upload') kept.set(event.id, event);
    else if (event.kind === 'dispose') kept.delete(event.id);
  }
  const isChanged = new Set(
    later.flatMap((event) => (event.kind === 'upload' || event.kind === 'dispose' ? event.id : [])),
  );
  return [...kept.values()].filter(({ id }) => isChanged.has(id));
}

/** Reads a result: bit for bit what it was. */
async function readAgain({ isSync, values: before }: ReadEvent, id: object, backend: TfKernelBackend): Promise<void> {
  const values = elementsIn(isSync ? backend.readSync(id) : await backend.read(id));
  const wrong = Array.from(values).findIndex((x, i) => !Object.is(x, before[i]));
  if (wrong === -1 && values.length === before.length) return;
  throw new ExecutionError('replay', `element ${wrong} of a result is ${String(values[wrong])}`, {
    expected: `${String(before[wrong])}, as when the engine made the calls`,
  });
}
