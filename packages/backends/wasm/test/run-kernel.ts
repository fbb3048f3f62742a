/** One kernel in a module of its own, next to the reference engine; every byte that is not its output is watched. */
import {
  allocate,
  array,
  inferTypes,
  lower,
  sizeOf,
  tensorType,
  value,
  type DType,
  type Graph,
  type HostArray,
  type Node,
  type PrimitiveParams,
  type Random,
  type Shape,
} from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { expect } from 'vitest';
import { elementBytes } from '../src/compile/types.ts';
import { countUp, get, i32 } from '../src/encoder/code.ts';
import type { Code, FunctionBuilder } from '../src/encoder/function.ts';
import { ModuleBuilder } from '../src/encoder/module.ts';
import { kernels, kernelScratchBytes, type Kernel, type Operand } from '../src/kernels/index.ts';

export type KernelName = keyof typeof kernels;

/** What memory holds where nothing was written: as a number of any dtype, none that a test uses. */
const garbage = 0xa5;

/** Bytes that nobody may write, before and behind each tensor. */
const guard = 48;

/** A tensor in the memory of a test. */
export interface Placed {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly start: number;
}

/**
 * Runs code twice, in a loop, in a memory that is all garbage but for the inputs, and checks that it wrote its output
 * only. Variables of the code are not zero in the second turn, as inside of a graph's loop. Addresses are parameters of
 * the function, so that no constant hides in them.
 *
 * `inPlace` names the input that the output is; `scratchBytes` may be written to, too.
 */
export function runCode(
  write: (f: FunctionBuilder, inputs: readonly Operand[], output: Operand, scratch: Code) => void,
  inputs: readonly HostArray[],
  { shape, dtype }: { readonly shape: Shape; readonly dtype: DType },
  { inPlace, scratchBytes = 0 }: { readonly inPlace?: number; readonly scratchBytes?: number } = {},
): HostArray {
  let end = 0;
  const place = (type: { readonly shape: Shape; readonly dtype: DType }): Placed => {
    const start = end + guard;
    end = Math.ceil((start + bytesOf(type)) / 16) * 16;
    return { shape: type.shape, dtype: type.dtype, start };
  };
  const placed = inputs.map(place);
  const output = inPlace === undefined ? place({ shape, dtype }) : placed[inPlace]!;
  const scratch = end + 16 * Math.ceil(guard / 16);
  const pages = Math.ceil((scratch + scratchBytes + guard) / 65536);

  const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: pages, maximum: pages });
  const all = [...placed, output];
  const f = module.function(
    'test',
    all.map(() => 'i32'),
    [],
  );
  const operands = all.map(({ shape, dtype }, i) => ({ shape, dtype, address: get(f.param(i)) }));
  const turn = f.local('i32');
  countUp(f, turn, { start: i32(0), end: i32(2), step: 1 }, () => {
    write(f, operands.slice(0, -1), operands.at(-1)!, i32(scratch));
  });
  module.export(f);

  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = new Uint8Array(memory.buffer).fill(garbage);
  inputs.forEach((input, i) => {
    store(memory, placed[i]!, input);
  });
  const before = bytes.slice();
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  (instance.exports['test'] as (...addresses: number[]) => void)(...all.map(({ start }) => start));

  bytes.set(before.subarray(scratch, scratch + scratchBytes), scratch);
  const [from, to] = [output.start, output.start + bytesOf(output)];
  const untouched = (part: Uint8Array): string => Buffer.from(part).toString('latin1');
  expect(untouched(bytes.subarray(0, from)) === untouched(before.subarray(0, from)), 'bytes below the output').toBe(
    true,
  );
  expect(untouched(bytes.subarray(to)) === untouched(before.subarray(to)), 'bytes above the output').toBe(true);
  return fetch(memory, output);
}

const bytesOf = ({ shape, dtype }: { readonly shape: Shape; readonly dtype: DType }): number =>
  sizeOf(shape) * elementBytes(dtype);

function store(memory: WebAssembly.Memory, { start }: Placed, { dtype, data }: HostArray): void {
  if (dtype === 'f64') new Float64Array(memory.buffer, start, data.length).set(data);
  else if (dtype === 'f32') new Float32Array(memory.buffer, start, data.length).set(data);
  else
    new Int32Array(memory.buffer, start, data.length).set(dtype === 'bool' ? Int32Array.from(data, (x) => -x) : data);
}

function fetch(memory: WebAssembly.Memory, { shape, dtype, start }: Placed): HostArray {
  const length = sizeOf(shape);
  if (dtype === 'f64') return array(new Float64Array(memory.buffer, start, length), { shape, dtype });
  if (dtype === 'f32') return array(new Float32Array(memory.buffer, start, length), { shape, dtype });
  const words = new Int32Array(memory.buffer, start, length);
  if (dtype === 'bool')
    expect(
      words.every((word) => word === 0 || word === -1),
      'booleans are 0 or −1',
    ).toBe(true);
  return array(words, { shape, dtype });
}

/** What a kernel makes of host arrays. */
export function runKernel<P extends KernelName>(
  primitive: P,
  params: PrimitiveParams[P],
  inputs: readonly HostArray[],
): HostArray {
  const { type } = nodeOf(primitive, params, inputs).outputs[0]!;
  if (type.kind !== 'tensor') throw new Error('a tape');
  const kernel = kernels[primitive] as Kernel<P>;
  return runCode(
    (f, operands, output, scratch) => {
      kernel(f, params, operands, output, scratch);
    },
    inputs,
    type,
    {
      ...(primitive === 'setRow' ? { inPlace: 0 } : {}),
      scratchBytes: kernelScratchBytes(primitive, params, inputs, type),
    },
  );
}

/** Expects of a kernel what the reference engine gives, bit for bit. */
export async function expectAsReference<P extends KernelName>(
  primitive: P,
  params: PrimitiveParams[P],
  inputs: readonly HostArray[],
): Promise<void> {
  const backend = reference();
  const kept = new Set(backend.capabilities.composites);
  const executable = await backend.compile(lower(nodeOf(primitive, params, inputs), kept));
  const [expected] = await executable.run(await Promise.all(inputs.map((input) => backend.upload(input))));
  expect(runKernel(primitive, params, inputs)).toEqual(await expected!.read());
}

function nodeOf<P extends KernelName>(primitive: P, params: PrimitiveParams[P], arrays: readonly HostArray[]): Graph {
  const inputs = arrays.map(({ shape, dtype }) => value(tensorType(shape, dtype)));
  const node = { op: primitive, inputs, params, outputs: [] } as unknown as Node;
  const outputs = inferTypes(node).map((type) => value(type));
  return { name: primitive, inputs, nodes: [{ ...node, outputs } as Node], outputs };
}

/** Numbers of all kinds: some special, and integers of every size for i32. */
export function randomArray(rng: Random, dtype: DType, shape: Shape): HostArray {
  const special = [NaN, -0, 0, Infinity, -Infinity, 1];
  const draw = (): number => {
    if (dtype === 'bool') return rng.integer(2);
    if (dtype === 'i32') return (rng.integer(2 ** 32) | 0) >> rng.integer(32);
    return rng.integer(12) === 0 ? special[rng.integer(special.length)]! : rng.normal();
  };
  return filled(dtype, shape, draw);
}

/** Small integers: their sums are exact in every dtype and order. */
export const smallIntegers = (rng: Random, dtype: DType, shape: Shape): HostArray =>
  filled(dtype, shape, () => rng.integer(200) - 100);

export const randomIndices = (rng: Random, shape: Shape, extent: number): HostArray =>
  filled('i32', shape, () => rng.integer(extent));

function filled(dtype: DType, shape: Shape, draw: () => number): HostArray {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return array(data, { shape, dtype });
}

/** 0, 1, 2, … of a shape; booleans are every other one true. */
export const range = (dtype: DType, ...shape: number[]): HostArray => {
  let next = 0;
  return filled(dtype, shape, () => (dtype === 'bool' ? next++ % 2 : next++));
};
