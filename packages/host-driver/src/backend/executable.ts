/** A program behind the contract of an executable: it checks what it is given, runs, and keeps what is still in use. */
import {
  checkInputs,
  ExecutionError,
  formatType,
  sameShape,
  type DeviceArray,
  type Executable,
  type Graph,
  type GraphInterface,
  type RunOptions,
  type Shape,
  type TensorType,
} from '@node-ode/core';
import type { DeviceValue } from '../device.ts';
import { shareOf, type SharedArrays, type Share } from './device-array.ts';
import { HostResult, type Placement, type Program } from './program.ts';

/** A compiled graph that tells where it runs. */
export interface PlacedExecutable extends Executable {
  /**
   * Which part of the graph runs where.
   *
   * @example
   * const executable = await backend.compile(graph);
   * for (const { part, provider, nodes } of executable.placement) console.log(part, provider, nodes);
   */
  readonly placement: readonly Placement[];
}

/** What executables of a backend share. */
export interface ExecutableHost<V extends DeviceValue> {
  readonly arrays: SharedArrays<V>;
  /** The shape of a value, where it knows it. */
  readonly shapeOf: ((value: V) => Shape) | undefined;
  /** Throws once the backend was disposed. */
  demandOpen(operation: string): void;
  /** Lets the backend wait for work that is under way before it goes. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Disposes of programs whose executables were forgotten. */
  readonly forgotten: FinalizationRegistry<ProgramOwner<V>>;
}

/** A program, and the runs that are under way in it. */
export interface ProgramOwner<V extends DeviceValue> {
  readonly program: Program<V>;
  runs: number;
  isDisposed: boolean;
}

/** The executable of a program. */
export function executable<V extends DeviceValue>(
  graph: Graph,
  types: GraphInterface,
  program: Program<V>,
  host: ExecutableHost<V>,
): PlacedExecutable {
  // Every method refers to this object: while one of them can be called, the program is not forgotten.
  const state: { readonly owner: ProgramOwner<V> } = { owner: { program, runs: 0, isDisposed: false } };
  host.forgotten.register(state, state.owner);

  const run = async (
    inputs: readonly DeviceArray[],
    { donate = [], signal }: RunOptions = {},
  ): Promise<readonly DeviceArray[]> => {
    host.demandOpen('run');
    const { owner } = state;
    if (owner.isDisposed) {
      throw new ExecutionError('run', `the executable of graph '${graph.name}' was disposed`, {
        advice: 'Compile it again.',
      });
    }
    checkInputs(graph, types.inputs, inputs, donate);
    signal?.throwIfAborted();
    const shares = sharesIn(inputs, host.arrays);
    owner.runs++;
    try {
      const values = shares.map(({ value }) => value);
      const results = await program.run(values, signal);
      const outputs = arraysOf(graph, types.outputs, results, { values, shares }, host);
      for (const i of donate) inputs[i]?.dispose();
      return outputs;
    } finally {
      for (const share of shares) share.release();
      owner.runs--;
      if (owner.isDisposed && owner.runs === 0) end(owner, host);
    }
  };

  const { counters } = program;
  return {
    placement: program.placement,
    run: (inputs, options) => host.track(run(inputs, options)),
    ...(counters === undefined ? {} : { counters: () => counters() }),
    dispose: () => {
      disposeProgram(state.owner, host);
    },
  };
}

/** Disposes of a program, when the last of its runs has ended. */
export function disposeProgram<V extends DeviceValue>(owner: ProgramOwner<V>, host: Tracker): void {
  if (owner.isDisposed) return;
  owner.isDisposed = true;
  if (owner.runs === 0) end(owner, host);
}

type Tracker = Pick<ExecutableHost<never>, 'track'>;

/** Nobody waits for a program that can't be disposed of: there is nothing left to do about it. */
function end<V extends DeviceValue>({ program }: ProgramOwner<V>, { track }: Tracker): void {
  const dispose = async (): Promise<void> => program.dispose();
  track(dispose()).catch(() => undefined);
}

/** A share in each input, to be given back when the run has ended: nobody can free an array that is being read. */
function sharesIn<V extends DeviceValue>(inputs: readonly DeviceArray[], arrays: SharedArrays<V>): readonly Share<V>[] {
  const shares: Share<V>[] = [];
  try {
    for (const input of inputs) shares.push(arrays.ownedBy('run', input).share());
    return shares;
  } catch (error) {
    for (const share of shares) share.release();
    throw error;
  }
}

/** An array for each result. A result that is an input, or that is there twice, is shared. */
function arraysOf<V extends DeviceValue>(
  graph: Graph,
  types: readonly TensorType[],
  results: readonly (V | HostResult<V>)[],
  inputs: { readonly values: readonly (V | HostResult<V>)[]; readonly shares: readonly Share<V>[] },
  { arrays, shapeOf }: ExecutableHost<V>,
): readonly DeviceArray[] {
  const shares: Share<V>[] = [];
  const outputs = types.map(({ shape, dtype }, j) => {
    const result = results[j]!;
    // There are few of them: to look for a value takes less than a table of all.
    const known = shares[results.indexOf(result)] ?? inputs.shares[inputs.values.indexOf(result)];
    const share = known?.share() ?? shareOf(result);
    shares.push(share);
    return arrays.make(share, shape, dtype);
  });
  if (shapeOf === undefined) return outputs;
  const shapes = results.map((result, j) => (result instanceof HostResult ? types[j]!.shape : shapeOf(result)));
  const wrong = types.findIndex(({ shape }, j) => !sameShape(shape, shapes[j]!));
  if (wrong === -1) return outputs;
  for (const output of outputs) output.dispose();
  throw new ExecutionError(
    'run',
    `output ${wrong + 1} of graph '${graph.name}' has shape [${shapes[wrong]?.join(', ')}]`,
    {
      expected: formatType(types[wrong] as TensorType),
      advice: 'Please report it with printGraph(graph).',
    },
  );
}
