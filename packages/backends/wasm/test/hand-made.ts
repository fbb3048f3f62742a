/** Modules written by hand, by the name of the graph that they stand for: what the runtime is tested on. */
import {
  sizeOf,
  tensorType,
  value,
  type DType,
  type Graph,
  type Node,
  type Shape,
  type TensorType,
} from '@node-ode/core';
import type { CodeModule, PlanGraph } from '../src/compile/contract.ts';
import { countUp, get, i32, load, op } from '../src/encoder/code.ts';
import type { Code, FunctionBuilder } from '../src/encoder/function.ts';
import { ModuleBuilder, type Global } from '../src/encoder/module.ts';

/** What a hand-written function can use. */
export interface Site {
  readonly f: FunctionBuilder;
  /** Bytes of the first output. */
  readonly bytes: number;
  /** The address of an input's data, and where an output goes. */
  readonly input: (i: number) => Code;
  readonly output: (j: number) => Code;
  /** The word that counts calls of 'f'. */
  readonly counter: number;
  /** 16 bytes of the arena, of which the first four are 0x2a000000 in memory order: 42. */
  readonly constant: number;
  readonly tapes: Readonly<Record<'tapeTop' | 'tapePeak' | 'tapeEntries' | 'tapeWanted', Global>>;
}

export interface Program {
  readonly body: (site: Site) => void;
  readonly reusable?: CodeModule['reusable'];
  /** Bytes of the arena beyond what the others have. */
  readonly scratch?: number;
}

const wordBytes = 4;

/** A compiler that knows these graphs, by name. */
export const handMade =
  (programs: Readonly<Record<string, Program>>): PlanGraph =>
  (graph) => {
    const program = programs[graph.name];
    if (program === undefined) throw new Error(`no program '${graph.name}'`);
    const words = graph.inputs.length + graph.outputs.length + 1;
    const constant = Math.ceil((words * wordBytes) / 16) * 16;
    return {
      arenaBytes: constant + 16 + (program.scratch ?? 0),
      emit: (arena) => write(graph, program, arena, words, arena + constant),
    };
  };

function write(graph: Graph, program: Program, arena: number, words: number, constant: number): CodeModule {
  const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 65536 });
  const place = (word: number): number => arena + word * wordBytes;
  const inputs = graph.inputs.map((_, i) => place(i));
  const outputs = graph.outputs.map((_, j) => place(inputs.length + j));
  const counter = place(words - 1);
  const global = (name: string): Global => module.global('i32', name);
  const tapes = {
    tapeTop: global('tapeTop'),
    tapePeak: global('tapePeak'),
    tapeEntries: global('tapeEntries'),
    tapeWanted: global('tapeWanted'),
  };
  const f = module.function('run', [], []);
  const at = (address: number): Code => load('i32.load', i32(address));
  program.body({
    f,
    bytes: sizeOf((graph.outputs[0]?.type as TensorType | undefined)?.shape ?? [0]) * wordBytes,
    input: (i) => at(inputs[i] as number),
    output: (j) => at(outputs[j] as number),
    counter,
    constant,
    tapes,
  });
  module.export(f);
  return {
    bytes: module.encode(),
    inputs,
    outputs,
    reusable: program.reusable ?? [],
    jobs: 0,
    counters: [{ name: 'f', address: counter }],
    data: [{ address: constant, bytes: Uint8Array.of(42, 0, 0, 0) }],
  };
}

/** A graph of this name and interface. What it computes is for `handMade` to say: its nodes are constants. */
export function graphOf(
  name: string,
  inputs: readonly TensorType[],
  outputs: readonly TensorType[],
  constant = 0,
): Graph {
  const results = outputs.map((type) => value(type));
  const nodes = results.map((result): Node => {
    const { shape, dtype } = result.type;
    return { op: 'constant', inputs: [], params: { value: constant, shape, dtype }, outputs: [result] };
  });
  return { name, inputs: inputs.map((type) => value(type)), nodes, outputs: results };
}

export const type = (dtype: DType, ...shape: Shape): TensorType => tensorType(shape, dtype);

/** Output j = input a + input b, element by element of f32. */
export const addition =
  (a = 0, b = 1, j = 0) =>
  ({ f, bytes, input, output }: Site): void => {
    const at = f.local('i32');
    const [x, y, z] = [f.keep('i32', input(a)), f.keep('i32', input(b)), f.keep('i32', output(j))];
    countUp(f, at, { start: i32(0), end: i32(bytes), step: wordBytes }, () => {
      f.emit(op('i32.add', get(z), get(at)));
      f.emit(
        op(
          'f32.add',
          load('f32.load', op('i32.add', get(x), get(at))),
          load('f32.load', op('i32.add', get(y), get(at))),
        ),
      );
      f.memory('f32.store');
    });
  };

/** Adds one to the counter of calls. */
export const countCall = ({ f, counter }: Site): void => {
  f.i32(counter)
    .emit(op('i32.add', load('i32.load', i32(counter)), i32(1)))
    .memory('i32.store');
};
