import { array, DTypeError, hostArray, OptionError, ShapeError, type HostArray } from '@node-ode/core';
import { expect, it } from 'vitest';
import { checkNamedInputs, type ModelTensor } from './check-inputs.ts';

const inputs: readonly ModelTensor[] = [
  { name: 'x', dtype: 'f32', shape: ['batch', 2] },
  { name: 'y', dtype: 'i32', shape: ['batch'] },
];
const x = array([[1, 2]]);
const y = array([1], { dtype: 'i32' });

it('accepts what the inputs are', () => {
  expect(() => {
    checkNamedInputs(inputs, { x, y });
    checkNamedInputs(inputs, {
      y: array([1, 2, 3], { dtype: 'i32' }),
      x: array(new Float32Array(6), { shape: [3, 2] }),
    });
  }).not.toThrow();
});

it.each<readonly [string, Readonly<Record<string, HostArray>>, new (...args: never) => Error, string]>([
  ['a missing input', { x }, OptionError, "loadOnnx: input 'y' is missing; expected 'x', 'y'."],
  ['an unknown input', { x, y, z: x }, OptionError, "loadOnnx: there is no input 'z'; expected 'x', 'y'."],
  [
    'a name of every object',
    { x, toString: y },
    OptionError,
    "loadOnnx: there is no input 'toString'; expected 'x', 'y'.",
  ],
  [
    'a dtype',
    { x, y: array([1]) },
    DTypeError,
    "loadOnnx: input 'y' is f32[1]; expected i32[batch]. Make it with array(…, { dtype: 'i32' }).",
  ],
  ['a rank', { x: array([1]), y }, ShapeError, "loadOnnx: input 'x' is f32[1]; expected f32[batch,2]."],
  ['an extent', { x: array([[1, 2, 3]]), y }, ShapeError, "loadOnnx: input 'x' is f32[1,3]; expected f32[batch,2]."],
  [
    'a named extent that is not the same everywhere',
    { x, y: array([1, 2], { dtype: 'i32' }) },
    ShapeError,
    "loadOnnx: axis 0 of 'y' has extent 2, and axis 0 of 'x' 1; expected one number for 'batch'.",
  ],
  [
    'data that do not fill the shape',
    { x: hostArray(new Float32Array(3), [1, 2], 'f32'), y },
    ShapeError,
    'upload: 3 elements for shape [1, 2]; expected 2 elements.',
  ],
  [
    'data of another kind',
    { x: hostArray(new Float64Array(2), [1, 2], 'f32'), y },
    DTypeError,
    'upload: a Float64Array for f32; expected Float32Array.',
  ],
])('refuses %s', (_, given, type, message) => {
  expect(() => {
    checkNamedInputs(inputs, given);
  }).toThrow(type);
  expect(() => {
    checkNamedInputs(inputs, given);
  }).toThrow(message);
});

it('refuses what are no arrays, or no inputs at all', () => {
  const check = (given: unknown): void => {
    checkNamedInputs(inputs, given as Readonly<Record<string, HostArray>>);
  };
  expect(() => {
    check({ x: 5, y });
  }).toThrow("loadOnnx: input 'x' is 5; expected a host array. Make it with array(…).");
  expect(() => {
    check({ x: [[1, 2]], y });
  }).toThrow("loadOnnx: input 'x' is a plain array; expected a host array. Make it with array(…).");
  expect(() => {
    check(undefined);
  }).toThrow('loadOnnx: the inputs are undefined; expected an object of arrays by name.');
});

it('an extent may be 0 where nothing is solved', () => {
  const empty = { x: array(new Float32Array(0), { shape: [0, 2] }), y: array(new Int32Array(0)) };
  expect(() => {
    checkNamedInputs(inputs, empty);
  }).not.toThrow();
  expect(() => {
    checkNamedInputs(inputs, empty, { mayBeEmpty: false });
  }).toThrow("loadOnnx: axis 0 of 'x' has extent 0; expected a state with at least one element");
});
