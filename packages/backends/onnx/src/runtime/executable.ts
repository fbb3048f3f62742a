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
  type TensorType,
} from '@node-ode/core';
import type { OrtValue, Placement, Program } from './contract.ts';
import { shareOf, type DeviceArrays, type Share } from './device-array.ts';

/** A compiled graph of the ONNX Runtime engine. */
export interface OnnxExecutable extends Executable {
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
export interface ExecutableHost {
  readonly arrays: DeviceArrays;
  /** Throws once the backend was disposed. */
  demandOpen(operation: string): void;
  /** Lets the backend wait for work that is under way before it goes. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Disposes of programs whose executables were forgotten. */
  readonly forgotten: FinalizationRegistry<ProgramOwner>;
}

/** A program, and the runs that are under way in it. */
export interface ProgramOwner {
  readonly program: Program;
  runs: number;
  isDisposed: boolean;
}

export function executable(
  graph: Graph,
  types: GraphInterface,
  program: Program,
  host: ExecutableHost,
): OnnxExecutable {
  // Every method refers to this object: while one of them can be called, the program is not forgotten.
  const state: { readonly owner: ProgramOwner } = { owner: { program, runs: 0, isDisposed: false } };
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
      const results = await program.run(
        shares.map(({ value }) => value),
        signal,
      );
      const outputs = arraysOf(graph, types.outputs, results, shares, host.arrays);
      for (const i of donate) inputs[i]?.dispose();
      return outputs;
    } finally {
      for (const share of shares) share.release();
      owner.runs--;
      if (owner.isDisposed && owner.runs === 0) void host.track(program.dispose());
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
export function disposeProgram(owner: ProgramOwner, { track }: Pick<ExecutableHost, 'track'>): void {
  if (owner.isDisposed) return;
  owner.isDisposed = true;
  // Nobody waits for a session that can't be released: there is nothing left to do about it.
  if (owner.runs === 0) track(owner.program.dispose()).catch(() => undefined);
}

/** A share in each input, to be given back when the run has ended: nobody can free an array that is being read. */
function sharesIn(inputs: readonly DeviceArray[], arrays: DeviceArrays): readonly Share[] {
  const shares: Share[] = [];
  try {
    for (const input of inputs) shares.push(arrays.shareIn('run', input));
    return shares;
  } catch (error) {
    for (const share of shares) share.release();
    throw error;
  }
}

/** An array for each result. A result that is an input, or that is there twice, is shared. */
function arraysOf(
  graph: Graph,
  types: readonly TensorType[],
  results: readonly OrtValue[],
  inputs: readonly Share[],
  arrays: DeviceArrays,
): readonly DeviceArray[] {
  const shares = new Map(inputs.map((share) => [share.value, share]));
  const fresh: Share[] = [];
  const outputs = types.map((type, j) => {
    const value = results[j] as OrtValue;
    let share = shares.get(value);
    if (share === undefined) {
      share = shareOf(value);
      fresh.push(share);
      shares.set(value, share);
    }
    return arrays.make(share.share(), type);
  });
  for (const share of fresh) share.release();
  const wrong = types.findIndex((type, j) => !sameShape(type.shape, (results[j] as OrtValue).dims));
  if (wrong === -1) return outputs;
  for (const output of outputs) output.dispose();
  const given = (results[wrong] as OrtValue).dims.join(', ');
  throw new ExecutionError('run', `output ${wrong + 1} of graph '${graph.name}' has shape [${given}]`, {
    expected: formatType(types[wrong] as TensorType),
    advice: 'Please report it with printGraph(graph).',
  });
}
