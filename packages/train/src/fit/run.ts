/** A training run under way: where it starts, moves on and is saved. */
import { array, flattenTree, isDeviceArray, isHostArray, OptionError, random, type HostArray } from '@node-ode/core';
import type { Checkpoint, Position } from '../checkpoint/checkpoint.ts';
import { fillTree, namedArrays } from '../checkpoint/named-arrays.ts';
import { disposeState, readState } from './device-state.ts';
import { historyWriter, type HistoryWriter } from './history.ts';
import type { FitOptions, OnDevice, OnHost } from './options.ts';

/** What changes from step to step. */
export interface Run<State> {
  /** What the run began with, or what the last step made. */
  state: { readonly on: 'host'; readonly tree: State } | { readonly on: 'device'; readonly tree: OnDevice<State> };
  /** Steps done. */
  step: number;
  position: Position;
  readonly history: HistoryWriter;
  /** Seconds of training. */
  seconds(): number;
  /** When the last checkpoint was written. */
  saved: { readonly step: number; readonly seconds: number };
}

/**
 * A run at its beginning, or where a checkpoint left it.
 *
 * @throws FormatError if the checkpoint does not fit the state.
 * @throws OptionError if a new run would write over the checkpoints of another.
 */
export async function startRun<State, Batch>(options: FitOptions<State, Batch>): Promise<Run<State>> {
  const own = (options.random ?? random(0)).split();
  const { resume = false, checkpoint } = options;
  const latest = await checkpoint?.store.latest();
  if (resume === false && latest !== undefined) {
    throw new OptionError('fit', `a new run, but the store has a checkpoint of step ${latest.step}`, {
      expected: 'an empty store',
      advice: 'Set resume to go on from there, or give this run a place of its own.',
    });
  }
  const found = typeof resume === 'boolean' ? latest : resume;
  const tree = found === undefined ? options.state : fillTree(options.state, found.state, 'the checkpoint');
  const position = found ?? { epoch: 0, batch: 0, random: own.state() };
  const { step = 0, seconds: earlier = 0 } = found ?? {};
  const began = performance.now();
  return {
    state: { on: 'host', tree },
    step,
    position,
    history: historyWriter(found?.history),
    seconds: () => earlier + (performance.now() - began) / 1000,
    saved: { step, seconds: earlier },
  };
}

/** Takes the state of a step that was made, and frees the one before it. */
export function advance<State>(run: Run<State>, state: OnDevice<State>, position: Position): void {
  if (run.state.on === 'device') disposeState(run.state.tree, state);
  run.state = { on: 'device', tree: state };
  run.position = position;
  run.step += 1;
}

/** Whether it is time for a checkpoint. */
export function isDue<State, Batch>({ checkpoint }: FitOptions<State, Batch>, run: Run<State>): boolean {
  if (checkpoint === undefined) return false;
  const { everySteps = Infinity, everySeconds = Infinity } = checkpoint;
  return run.step - run.saved.step >= everySteps || run.seconds() - run.saved.seconds >= everySeconds;
}

/** Writes a checkpoint, if there is somewhere to and anything new. */
export async function save<State, Batch>({ checkpoint }: FitOptions<State, Batch>, run: Run<State>): Promise<void> {
  if (checkpoint === undefined || run.step === run.saved.step) return;
  const { metadata = {}, store } = checkpoint;
  const { step, position, history } = run;
  const seconds = run.seconds();
  const { epoch, batch, random: words } = position;
  const state = await namedState(run);
  const saved: Checkpoint = { step, epoch, batch, random: words, seconds, state, history: history.columns, metadata };
  await store.save(saved);
  run.saved = { step, seconds };
}

const namedState = async <State>({ state }: Run<State>): Promise<ReadonlyMap<string, HostArray>> =>
  state.on === 'device' ? readState(state.tree) : namedArrays(onHost(state.tree));

/** The state as arrays of the host. */
export async function hostState<State>({ state }: Run<State>): Promise<OnHost<State>> {
  if (state.on === 'host') return onHost(state.tree);
  const { leaves, structure } = flattenTree('fit', state.tree, isDeviceArray, 'a device array');
  return structure.rebuild(await Promise.all(leaves.map((leaf) => leaf.read()))) as OnHost<State>;
}

/** Frees the state: the run is over. */
export function releaseRun<State>({ state }: Run<State>): void {
  if (state.on === 'device') disposeState(state.tree, []);
}

const isNumberOrArray = (x: unknown): x is number | HostArray => typeof x === 'number' || isHostArray(x);

function onHost<State>(tree: State): OnHost<State> {
  const { leaves, structure } = flattenTree('fit', tree, isNumberOrArray, 'a host array or a number');
  return structure.rebuild(leaves.map((leaf) => (typeof leaf === 'number' ? array(leaf) : leaf))) as OnHost<State>;
}
