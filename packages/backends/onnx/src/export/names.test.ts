import { flattenTree, type TreeStructure } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { inputNames, outputNames } from './names.ts';

const isNumber = (x: unknown): x is number => typeof x === 'number';
const structureOf = (tree: unknown): TreeStructure => flattenTree('test', tree, isNumber).structure;

describe('names of inputs', () => {
  it.each<readonly [string, readonly unknown[], readonly string[] | undefined, readonly string[]]>([
    ['positions', [0, 0], undefined, ['input0', 'input1']],
    ['the names that are given', [0, 0], ['y0', 'rtol'], ['y0', 'rtol']],
    ['names for some', [0, 0], ['y0'], ['y0', 'input1']],
    [
      'paths behind the name',
      [{ w: 0, layers: [{ b: 0 }] }, 0],
      ['params'],
      ['params.layers.0.b', 'params.w', 'input1'],
    ],
    ['paths behind the position', [0, { w: 0 }], undefined, ['input0', 'input1.w']],
    ['the paths of a single tree', [{ y0: 0, params: { w: 0 } }], undefined, ['params.w', 'y0']],
    ['a list among them', [[0, [0]]], undefined, ['0', '1.0']],
    ['of a list with a name', [[0, [0]]], ['y'], ['y.0', 'y.1.0']],
    ['none', [], undefined, []],
  ])('%s', (_, args, names, expected) => {
    expect(inputNames(structureOf(args), names)).toEqual(expected);
  });

  it.each<readonly [readonly unknown[], readonly string[], string]>([
    [[0, 0], ['x', 'x'], "exportOnnx: of the arguments, [1] and [0] both have the name 'x'"],
    [[{ b: 0 }, 0], ['a', 'a.b'], "exportOnnx: of the arguments, [1] and [0].b both have the name 'a.b'"],
    [[0], ['x', 'y'], "exportOnnx: names has 'y'; expected one name for each argument."],
    [[0], [''], "exportOnnx: names has ''; expected one name for each argument."],
  ])('%j called %j are refused', (args, names, message) => {
    expect(() => inputNames(structureOf(args), names)).toThrow(message);
  });
});

describe('names of outputs', () => {
  it.each<readonly [string, unknown, readonly string[], readonly string[]]>([
    ['a single tensor', 0, [], ['output']],
    ['paths', { ys: 0, layers: [{ w: 0 }] }, [], ['layers.0.w', 'ys']],
    ['positions', [0, { w: 0 }, [0]], [], ['output0', 'output1.w', 'output2.0']],
    [
      'what an input has already',
      { params: 0, params_out: 0, y: 0 },
      ['params'],
      ['params_out_out', 'params_out', 'y'],
    ],
  ])('%s', (_, result, inputs, expected) => {
    expect(outputNames(structureOf(result), inputs)).toEqual(expected);
  });

  it('that are the same are refused', () => {
    expect(() => outputNames(structureOf({ a: { b: 0 }, 'a.b': 0 }), [])).toThrow(
      "exportOnnx: of the result, a.b and a.b both have the name 'a.b'; expected one name for each leaf",
    );
  });
});
