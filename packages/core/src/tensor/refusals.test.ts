import { describe, expect, it } from 'vitest';
import { evaluate, f64, i32, refusal } from '../../test/support.ts';
import { arange, concat, linearCombination } from './functions.ts';
import { constant, type Tensor } from './tensor.ts';

const grid = f64([
  [1, 2, 3],
  [4, 5, 6],
]);

describe('refusals', () => {
  it.each<readonly [(x: Tensor) => unknown, string]>([
    [
      (x) => x.add(f64([1, 2])),
      'ShapeError: add: shapes [2, 3] and [2] do not broadcast; expected extents that are equal or 1, aligned from the last axis. Reshape one of the operands so that its axes line up.',
    ],
    [(x) => x.reshape([4]), 'ShapeError: reshape: f64[2,3] has 6 elements and [4] has 4; expected as many elements.'],
    [
      (x) => x.reshape([-1, -1]),
      'ShapeError: reshape: [2, 3] to [-1, -1]; expected one −1 at most, and extents that divide the size.',
    ],
    [
      (x) => x.reshape([-1, 4]),
      'ShapeError: reshape: [2, 3] to [-1, 4]; expected one −1 at most, and extents that divide the size.',
    ],
    [
      (x) => x.reshape([-2, -3]),
      'ShapeError: reshape: shape [-2, -3]; expected extents that are integers, none of them negative.',
    ],
    [
      () => constant(1, [2.5]),
      'ShapeError: constant: shape [2.5]; expected extents that are integers, none of them negative.',
    ],
    [() => arange(-1), 'ShapeError: iota: shape [-1]; expected extents that are integers, none of them negative.'],
    [
      (x) => x.broadcastTo([3]),
      'ShapeError: broadcastTo: f64[2,3] to [3]; expected a shape that the tensor broadcasts to.',
    ],
    [(x) => x.transpose([0, 0]), 'ShapeError: transpose: axes [0, 0] of f64[2,3]; expected a permutation of 0 … 1.'],
    [
      (x) => x.slice([0, 2], [2, 2]),
      'ShapeError: slice: starts [0, 2] and sizes [2, 2] of f64[2,3]; expected one non-negative start and size for each axis, within its extent.',
    ],
    [
      (x) => x.slice([0], [1]),
      'ShapeError: slice: starts [0] and sizes [1] of f64[2,3]; expected one non-negative start and size for each axis, within its extent.',
    ],
    [
      (x) => x.at(2),
      'ShapeError: slice: starts [2, 0] and sizes [1, 3] of f64[2,3]; expected one non-negative start and size for each axis, within its extent.',
    ],
    [
      (x) => x.at(0.5),
      'ShapeError: slice: starts [0.5, 0] and sizes [1, 3] of f64[2,3]; expected one non-negative start and size for each axis, within its extent.',
    ],
    [
      (x) => x.pad([0, -1], [0, 0]),
      'ShapeError: pad: before [0, -1] and after [0, 0] of f64[2,3]; expected one non-negative width for each axis.',
    ],
    [
      (x) => concat([x, f64([[1, 2]])]),
      'ShapeError: concat: tensors f64[2,3], f64[1,2] along axis 0; expected shapes that are equal but for that axis.',
    ],
    [() => concat([]), 'ShapeError: concat: no tensor was given; expected at least one.'],
    [
      (x) => x.gather(f64([0])),
      "DTypeError: gather: an operand is f64[1]; expected i32. Convert it with .cast('i32').",
    ],
    [
      (x) => x.setRow(0, f64([1, 2])),
      'ShapeError: broadcastTo: shapes [2] and [3] do not broadcast; expected extents that are equal or 1, aligned from the last axis. Reshape one of the operands so that its axes line up.',
    ],
    [
      (x) => x.scatterAdd(i32([0]), 2, 0),
      "ShapeError: scatterAdd: updates f64[2,3] at indices i32[1] along axis 0; expected the indices' shape in the updates, from that axis on.",
    ],
    [(x) => x.matmul(x), 'ShapeError: matmul: f64[2,3] times f64[2,3]; expected equal inner extents, not 3 and 2.'],
    [
      (x) => x.matmul(f64([1, 2, 3])),
      'ShapeError: matmul: operands f64[2,3] and f64[3]; expected at least two axes each. Reshape a vector to one row or one column.',
    ],
    [(x) => x.squeeze(0), 'ShapeError: reshape: f64[2,3] has 6 elements and [3] has 3; expected as many elements.'],
    [
      (x) => linearCombination([1], [x, x]),
      'ShapeError: linearCombination: 1 weights, 2 terms and 2 coefficients; expected one weight and one coefficient for each of at least one term.',
    ],
    [
      (x) => linearCombination([f64([1, 2, 3])], [x]),
      'ShapeError: linearCombination: weights f64[3] and terms f64[2,3]; expected terms of one shape, and for each a weight that is a scalar or has the shape of its leading axes.',
    ],
    [
      (x) => x.add(null as unknown as number),
      'TraceError: add: an operand is null; expected a tensor, a host array or a number.',
    ],
    [
      (x) => x.mul('3' as unknown as number),
      'TraceError: mul: an operand is a string (3); expected a tensor, a host array or a number.',
    ],
  ])('%s', async (of, message) => {
    expect(await refusal(() => evaluate((x: Tensor) => [of(x)] as readonly Tensor[], grid))).toBe(message);
  });
});
