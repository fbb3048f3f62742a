import { describe, expect, it } from 'vitest';
import { array, hostArray } from '../array.ts';
import { ExecutionError } from '../errors.ts';
import { tapeType, tensorType, value, type Graph } from '../graph/graph.ts';
import type { DeviceArray } from './backend.ts';
import {
  checkBackend,
  checkHostArray,
  checkInputs,
  demandIndices,
  disposedArray,
  foreignArray,
  integerDividedByZero,
  interfaceOf,
} from './engine-checks.ts';

const type = tensorType([2], 'f32');
const x = value(type);
const graph: Graph = { name: 'g', inputs: [x], nodes: [], outputs: [x, x] };
const device = (shape: readonly number[], dtype: DeviceArray['dtype'], backend = 'here'): DeviceArray => ({
  shape,
  dtype,
  backend,
  read: () => Promise.reject(new Error('not read here')),
  dispose: () => undefined,
});

describe('checkBackend', () => {
  const check = (backend: unknown) => (): void => {
    checkBackend('createOde', backend);
  };

  it('takes an engine', () => {
    expect(check({ name: 'reference' })).not.toThrow();
  });

  it.each([
    [undefined, 'createOde: the backend is no engine but undefined; expected an engine.'],
    [
      Promise.resolve({ name: 'wasm' }),
      'createOde: the backend is a promise; expected an engine. Pass { backend: await wasm() }',
    ],
    [() => undefined, 'no engine but function'],
    [{}, 'no engine but another object'],
  ])('refuses %s', (backend, message) => {
    expect(check(backend)).toThrow(message);
  });
});

describe('interfaceOf', () => {
  it('gives the types of inputs and outputs', () => {
    expect(interfaceOf(graph)).toEqual({ inputs: [type], outputs: [type, type] });
  });

  it('refuses tapes, on either side', () => {
    const tape = value(tapeType(type));
    const message = /input 1 of graph 'g' is tape<f32\[2\]>; expected tensors/;
    expect(() => interfaceOf({ ...graph, inputs: [tape], outputs: [] })).toThrow(message);
    expect(() => interfaceOf({ ...graph, inputs: [tape], outputs: [tape] })).toThrow(message);
  });

  it('refuses a graph that breaks the rules', () => {
    expect(() => interfaceOf({ ...graph, outputs: [value(type)] })).toThrow();
  });
});

describe('checkHostArray', () => {
  it('takes what fits', () => {
    expect(() => {
      checkHostArray(array([1, 2]));
    }).not.toThrow();
  });

  it.each([
    [hostArray(new Float32Array(3), [2], 'f32'), 'upload: 3 elements for shape [2]; expected 2 elements.'],
    [hostArray(new Float64Array(2), [2], 'f32'), 'upload: a Float64Array for f32; expected Float32Array.'],
  ])('refuses other data', (given, message) => {
    expect(() => {
      checkHostArray(given);
    }).toThrow(message);
  });
});

describe('checkInputs', () => {
  const check =
    (inputs: readonly DeviceArray[], donate: readonly number[] = []) =>
    (): void => {
      checkInputs(graph, [type], inputs, donate);
    };

  it('takes what fits', () => {
    expect(check([device([2], 'f32')], [0])).not.toThrow();
  });

  it.each([
    [check([]), "run: 0 inputs for graph 'g'; expected 1."],
    [check([device([3], 'f32')]), "input 1 of graph 'g' is f32[3]; expected f32[2]. Compile again for other types."],
    [check([device([2], 'f64')]), "input 1 of graph 'g' is f64[2]; expected f32[2]. Compile again for other types."],
    [check([device([2], 'f32')], [1]), 'run: input 1 is donated; expected positions of the 1 inputs.'],
  ])('refuses the rest', (run, message) => {
    expect(run).toThrow(message);
  });
});

describe('errors about arrays', () => {
  it('say whose they are, and that they are gone', () => {
    expect(foreignArray('run', 'here', device([2], 'f32', 'there')).message).toContain("belongs to backend 'there'");
    expect(foreignArray('run', 'here', array([1, 2])).message).toContain('Upload it there');
    expect(foreignArray('run', 'here', device([2], 'f32')).message).toContain('another here backend');
    expect(disposedArray('read')).toBeInstanceOf(ExecutionError);
  });
});

describe('what engines that see the elements refuse', () => {
  it('are indices out of range, by the first', () => {
    demandIndices('gather', [0, 2], 3);
    expect(() => {
      demandIndices('gather', [0, 3, -1], 3);
    }).toThrow('gather: index 3 along an axis of 3 elements; expected 0 … 2. Clamp the indices');
    expect(() => {
      demandIndices('setRow', Int32Array.of(-1), 0);
    }).toThrow('index -1 along an axis of 0 elements; expected no index at all: the axis is empty.');
  });

  it('are integers divided by zero', () => {
    const error = integerDividedByZero('rem');
    expect(error).toBeInstanceOf(ExecutionError);
    expect(error.message).toMatch(/^rem: an i32 was divided by zero; expected divisors that are not zero\./);
  });
});
