/** Events made into lists of kernel calls on numbered slots: what a replay goes through. */
import type { TfKernelArguments, TfTensorInfo } from '@node-ode/backend-tfjs';
import type { CallEvent, KernelEvent, ReadEvent, UploadEvent } from './events.ts';
import { Slots } from './slots.ts';

/** An operand whose data is put in before each call. */
export interface PlannedOperand extends TfTensorInfo {
  dataId: object;
}

/** A kernel call ready to be made. Calls that are alike are one, however often they are made. */
export interface PlannedCall {
  readonly kernel: CallEvent['kernel'];
  readonly given: TfKernelArguments;
  /** Operands that come from slots, and the slots of them. */
  readonly operands: readonly PlannedOperand[];
  readonly sources: readonly number[];
  readonly results: readonly number[];
  /** Slots that get uploaded tensors, one after the other, before the call. */
  readonly uploads: readonly number[];
  /** Slots that are disposed of after it. */
  readonly disposals: readonly number[];
}

/** What a run asks of the backend. */
export interface KernelCounts {
  readonly kernels: number;
  readonly uploads: number;
  readonly reads: number;
}

/** A slot gets an uploaded tensor, is read, or is disposed of. */
export type Closing =
  | { readonly kind: 'upload'; readonly slot: number }
  | { readonly kind: 'dispose'; readonly slot: number }
  | { readonly kind: 'read'; readonly slot: number; readonly event: ReadEvent };

/** One run. */
export interface PlannedRun {
  /** Disposals before the first call. */
  readonly opening: readonly number[];
  readonly calls: readonly PlannedCall[];
  /** What follows the last call, in order. */
  readonly closing: readonly Closing[];
  /** What was uploaded, in order. */
  readonly uploaded: readonly UploadEvent[];
  /** Slots to dispose of where no other run follows. */
  readonly left: readonly number[];
  readonly counts: KernelCounts;
}

/** Plans runs that follow each other: what one leaves behind the next may use. */
export function planRuns(runs: readonly (readonly KernelEvent[])[]): readonly PlannedRun[] {
  const slots = new Slots();
  const callOf = callsOnce();
  return runs.map((events) => planRun(events, slots, callOf));
}

/** A call with its slots. */
interface CallDraft {
  readonly event: CallEvent;
  /** The slot of each operand; its data where it has none. */
  readonly sources: readonly (number | object)[];
  readonly results: readonly number[];
  readonly uploads: readonly number[];
  readonly disposals: number[];
}

function planRun(events: readonly KernelEvent[], slots: Slots, callOf: (draft: CallDraft) => PlannedCall): PlannedRun {
  const last = events.findLastIndex(({ kind }) => kind === 'call');
  const drafts: CallDraft[] = [];
  const [opening, closing]: [number[], Closing[]] = [[], []];
  let uploads: number[] = [];
  events.forEach((event, i) => {
    const isOver = i > last;
    switch (event.kind) {
      case 'upload': {
        const slot = slots.give(event.id);
        if (isOver) closing.push({ kind: 'upload', slot });
        else uploads.push(slot);
        break;
      }
      case 'call': {
        // Operands first: a result may share the data of one.
        const sources = event.operands.map(([, { dataId }]) => slots.sourceOf(dataId));
        const results = event.results.map((id) => slots.share(id, event.attributes));
        drafts.push({ event, sources, results, uploads, disposals: [] });
        uploads = [];
        break;
      }
      case 'dispose': {
        const freed = slots.release(event.id);
        if (isOver) closing.push(...freed.map((slot) => ({ kind: 'dispose', slot }) as const));
        else (drafts.at(-1)?.disposals ?? opening).push(...freed);
        break;
      }
      case 'read':
        // Reads on the way decide where the run goes; a replay knows.
        if (isOver) closing.push(...slots.slotsOf(event.id).map((slot) => ({ kind: 'read', slot, event }) as const));
    }
  });
  return {
    opening,
    calls: drafts.map(callOf),
    closing,
    uploaded: events.filter((event) => event.kind === 'upload'),
    left: slots.left(),
    counts: {
      kernels: drafts.length,
      uploads: events.filter(({ kind }) => kind === 'upload').length,
      reads: events.filter(({ kind }) => kind === 'read').length,
    },
  };
}

/** Makes calls ready; the same one for drafts that are alike, so that a replay's list is no larger than a program. */
function callsOnce(): (draft: CallDraft) => PlannedCall {
  const known = new Map<string, PlannedCall>();
  const numbers = new Map<unknown, number>();
  const numberOf = (x: unknown): number => {
    const number = numbers.get(x) ?? numbers.size;
    numbers.set(x, number);
    return number;
  };
  return (draft) => {
    const { event, sources, results, uploads, disposals } = draft;
    const operands = event.operands.map(([name, { shape, dtype }], i) => {
      const source = sources[i];
      return [name, shape, dtype, typeof source === 'number' ? source : `=${numberOf(source)}`];
    });
    const key = JSON.stringify([
      [numberOf(event.kernel), numberOf(event.attributes), event.isList],
      [operands, results, uploads, disposals],
    ]);
    let call = known.get(key);
    if (call === undefined) known.set(key, (call = planCall(draft)));
    return call;
  };
}

function planCall({ event, sources, results, uploads, disposals }: CallDraft): PlannedCall {
  const { kernel, operands, isList, attributes, backend } = event;
  const own = operands.map(([name, operand]): readonly [string, PlannedOperand] => [name, { ...operand }]);
  const fromSlots = own.flatMap(([, operand], i) => (typeof sources[i] === 'number' ? [operand] : []));
  return {
    kernel,
    given: {
      inputs: isList ? own.map(([, operand]) => operand) : Object.fromEntries(own),
      backend,
      ...(attributes === undefined ? {} : { attrs: attributes }),
    },
    operands: fromSlots,
    sources: sources.filter((source) => typeof source === 'number'),
    results,
    uploads,
    disposals,
  };
}
