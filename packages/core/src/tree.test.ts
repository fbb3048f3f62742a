import { describe, expect, it } from 'vitest';
import { f64, refusal } from '../test/support.ts';
import { constant, isTensor } from './tensor/tensor.ts';
import { describe as describeValue, flattenTree, mapTree, requireSameStructure } from './tree.ts';

const isNumber = (x: unknown): x is number => typeof x === 'number';
const flatten = (tree: unknown) => flattenTree('test', tree, isNumber, 'a number');

describe('flattenTree', () => {
  it('gives leaves in the order of sorted keys, with their paths', () => {
    const { leaves, structure } = flatten({ b: [1, { y: 2, x: 3 }], a: 4 });
    expect(leaves).toEqual([4, 1, 3, 2]);
    expect(structure.paths).toEqual(['a', 'b[0]', 'b[1].x', 'b[1].y']);
  });

  it('rebuilds the same structure around other leaves', () => {
    const tree = { b: [1, { y: 2, x: 3 }, []], a: 4, none: {} };
    const { leaves, structure } = flatten(tree);
    expect(structure.rebuild(leaves)).toEqual(tree);
    expect(structure.rebuild(['p', 'q', 'r', 's'])).toEqual({ b: ['q', { y: 's', x: 'r' }, []], a: 'p', none: {} });
  });

  it('of a single leaf, of nothing, of objects without a prototype', () => {
    expect(flatten(5).structure.paths).toEqual(['']);
    expect(flatten(5).structure.rebuild([6])).toBe(6);
    expect(flatten([]).leaves).toEqual([]);
    expect(flatten(Object.assign(Object.create(null) as object, { x: 1 })).leaves).toEqual([1]);
  });

  it('gives equal structures one key, and others another', () => {
    const trees = [1, [], [1], [[1]], [1, 2], [[1], 2], [1, [2]], {}, { a: 1 }, { b: 1 }, { a: [] }, { a: 1, b: 2 }];
    const alike = [{ 'a.b': 1 }, { a: { b: 1 } }, { 'a"*"b': 1 }, { a: 1, '*': 2 }, [[], 1], [1, []]];
    const keys = [...trees, ...alike].map((tree) => flatten(tree).structure.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(flatten({ b: 3, a: 4 }).structure.key).toBe(flatten({ a: 1, b: 2 }).structure.key);
  });

  it('gives the leaves of a tree of the same structure, and of no other', () => {
    const trees = [1, [], [1], [[1]], [1, 2], [[1], 2], [1, [2]], {}, { a: 1 }, { b: 1 }, { a: [] }, { a: 1, b: 2 }];
    for (const one of trees) {
      for (const other of trees) {
        const { leaves } = flatten(other);
        expect(flatten(one).structure.leavesOf(other, isNumber)).toEqual(one === other ? leaves : undefined);
      }
    }
    const { structure } = flatten({ a: 1, toString: [2, 3] });
    expect(structure.leavesOf({ toString: [5, 6], a: 4 }, isNumber)).toEqual([4, 5, 6]);
    expect(structure.leavesOf({ a: 4, b: [5, 6] }, isNumber)).toBeUndefined();
    expect(structure.leavesOf({ a: 4, toString: [5, 'x'] }, isNumber)).toBeUndefined();
    expect(
      structure.leavesOf(
        new (class {
          a = 4;
          toString = [5, 6];
        })(),
        isNumber,
      ),
    ).toBeUndefined();
  });

  it('a key called __proto__ is a key', () => {
    const tree = JSON.parse('{"__proto__": 1, "a": 2}') as unknown;
    const { leaves, structure } = flatten(tree);
    expect(leaves).toEqual([1, 2]);
    expect(Object.keys(structure.rebuild([3, 4]) as object).sort()).toEqual(['__proto__', 'a']);
  });

  it.each<readonly [unknown, string]>([
    ['x', 'the value is a string (x)'],
    [{ a: undefined }, 'a is undefined'],
    [[1, null], '[1] is null'],
    [{ a: { b: new Date(0) } }, 'a.b is an instance of Date'],
    [[() => 1], '[0] is a function (() => 1)'],
    [Symbol('s'), 'the value is a symbol (Symbol(s))'],
    [10n, 'the value is a bigint (10)'],
    [{ w: f64([[1, 2]]) }, 'w is a host array f64[1,2]'],
    [constant(1, [2]), 'the value is an instance of Tensor'],
    [new Map(), 'the value is an instance of Map'],
  ])('refuses %o', async (tree, problem) => {
    expect(await refusal(() => flatten(tree))).toContain(
      `TreeError: test: ${problem}; expected a number, or plain arrays and objects of them.`,
    );
  });

  it('tells how to make a tensor of a host array', async () => {
    expect(await refusal(() => flattenTree('scan', [f64(1)], isTensor))).toBe(
      'TreeError: scan: [0] is a host array f64[]; expected a tensor, or plain arrays and objects of them. Make a tensor of it with asTensor(…).',
    );
  });
});

describe('mapTree', () => {
  const add = (...xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

  it('applies a function to corresponding leaves of any number of trees', () => {
    expect(mapTree('test', isNumber, add, { a: 1, b: [2] })).toEqual({ a: 1, b: [2] });
    expect(mapTree('test', isNumber, add, { a: 1, b: [2] }, { b: [20], a: 10 }, { a: 100, b: [200] })).toEqual({
      a: 111,
      b: [222],
    });
  });

  it('refuses trees of other structures, and none', async () => {
    expect(await refusal(() => mapTree('test', isNumber, add, { a: 1 }, { b: 1 }))).toBe(
      "TreeError: test: the tree has 'b' at leaf 1 of 1; expected 'a': the same keys and lengths, 1 leaves. Give it the same structure.",
    );
    expect(await refusal(() => mapTree('test', isNumber, add))).toBe('TreeError: test: no tree was given.');
  });
});

describe('requireSameStructure', () => {
  const message = (a: unknown, b: unknown): Promise<string> =>
    refusal(() => {
      requireSameStructure('test', flatten(a).structure, flatten(b).structure);
    });
  const end = 'Give it the same structure.';

  it('names the first leaf that differs', async () => {
    expect(await message([1, 2], [3, 4])).toBe('nothing was thrown');
    expect(await message([1, 2], [3])).toBe(
      `TreeError: test: the tree has nothing at leaf 2 of 1; expected '[1]': the same keys and lengths, 2 leaves. ${end}`,
    );
    expect(await message([1], [3, 4])).toBe(
      `TreeError: test: the tree has '[1]' at leaf 2 of 2; expected nothing: the same keys and lengths, 1 leaves. ${end}`,
    );
    expect(await message(1, { a: 1 })).toBe(
      `TreeError: test: the tree has 'a' at leaf 1 of 1; expected a single leaf: the same keys and lengths, 1 leaves. ${end}`,
    );
  });
});

describe('describe', () => {
  it('names what is not a leaf', () => {
    expect(describeValue({ backend: 'wasm', read: () => undefined })).toBe("an array on backend 'wasm'");
    expect(describeValue(Object.create(null))).toBe('an instance of Object');
    expect(describeValue(-0.5)).toBe('a number (-0.5)');
  });
});
