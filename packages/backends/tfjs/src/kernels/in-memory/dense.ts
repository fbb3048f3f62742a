/**
 * a·b + bias, and an activation, by the function behind `wasm`'s `_FusedMatMul`. tfjs's kernel wants three axes of both matrices and
 * looks at the shape that a bias had when it was made: copies for each call, which small products don't pay for.
 */
import { ExecutionError } from '@node-ode/core';
import type { TfKernelConfig, TfTensorInfo } from '../../runtime/tf-module.ts';
import { isNumbers } from './attributes.ts';

export const denseName = 'NodeOdeDense';

/** tfjs's numbers for what is applied behind the bias; its relu loses NaN. */
const activations = { linear: 0, sigmoid: 5 } as const;

type Compiled = (...args: readonly (number | boolean | Uint8Array)[]) => void;

interface WasmBackend {
  readonly wasm: { cwrap(name: string, result: null, parameters: readonly string[]): Compiled };
  readonly dataIdMap: { get(dataId: object): { readonly id: number } };
  makeOutput(shape: number[], dtype: string): TfTensorInfo;
}

const isWasm = (backend: object): backend is WasmBackend =>
  'wasm' in backend && 'dataIdMap' in backend && 'makeOutput' in backend;

const [number, array] = ['number', 'array'];
const parameters = [number, array, number, number, array, ...new Array<string>(8).fill(number)];

const compiled = new WeakMap<object, Compiled>();

function compiledOf(backend: WasmBackend): Compiled {
  const known = compiled.get(backend);
  if (known !== undefined) return known;
  const made = backend.wasm.cwrap('_FusedMatMul', null, parameters);
  compiled.set(backend, made);
  return made;
}

/** Inputs are a, b and the bias; attributes the extents [rows, inner, columns] as they are multiplied, and the result's shape. */
export const dense: TfKernelConfig = {
  kernelName: denseName,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { extents, shape, activation } = attrs ?? {};
    const isGiven = Array.isArray(inputs) && isNumbers(extents) && isNumbers(shape) && isActivation(activation);
    if (!isGiven || !isWasm(backend)) throw new ExecutionError(denseName, 'operands of another kernel');
    const multiply = compiledOf(backend);
    const result = backend.makeOutput([...shape], 'float32');
    const idOf = ({ dataId }: TfTensorInfo): number => backend.dataIdMap.get(dataId).id;
    const [a = 0, b = 0, bias = 0] = inputs.map(idOf);
    const { left, right } = matricesOf(extents);
    multiply(a, left, 3, b, right, 3, false, false, activations[activation], bias, 0, 0, idOf(result));
    return result;
  },
};

const isActivation = (x: unknown): x is keyof typeof activations => typeof x === 'string' && x in activations;

/** The shapes of the matrices as the function takes them. */
interface Matrices {
  readonly left: Uint8Array;
  readonly right: Uint8Array;
}

/** For the extents of each call: they are attributes, the same at every run, and what is made of them costs as much as a small product. */
const known = new WeakMap<readonly number[], Matrices>();

function matricesOf(extents: readonly number[]): Matrices {
  let matrices = known.get(extents);
  if (matrices === undefined) {
    const [rows = 0, inner = 0, columns = 0] = extents;
    matrices = { left: bytesOf([1, rows, inner]), right: bytesOf([1, inner, columns]) };
    known.set(extents, matrices);
  }
  return matrices;
}

const bytesOf = (extents: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(extents).buffer);
