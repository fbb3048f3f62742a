/** The shape and dtype rules of linear algebra, and of what a solver's step is made of. */
import { ShapeError } from '../errors.ts';
import { broadcastShapes } from './broadcast.ts';
import { formatType, sameShape, tensorType, type Shape } from './graph.ts';
import { demand, floats, sameDType, tensor, tensors } from './operands.ts';
import type { Rules } from './rule.ts';

export const algebraRules: Rules<'matmul' | 'linearSolve' | 'linearCombination' | 'errorNorm' | 'allFinite'> = {
  matmul: (types, { transposeA, transposeB }, op) => {
    const [a, b] = [demand(op, tensor(op, types, 0), floats), demand(op, tensor(op, types, 1), floats)];
    const dtype = sameDType(op, [a, b]);
    if (a.shape.length < 2 || b.shape.length < 2) {
      throw new ShapeError(op, `operands ${formatType(a)} and ${formatType(b)}`, {
        expected: 'at least two axes each',
        advice: 'Reshape a vector to one row or one column.',
      });
    }
    const [rows, inner] = lastTwo(a.shape, transposeA);
    const [depth, columns] = lastTwo(b.shape, transposeB);
    if (inner !== depth) {
      throw new ShapeError(
        op,
        `${formatType(a)}${transposeA ? 'ᵀ' : ''} times ${formatType(b)}${transposeB ? 'ᵀ' : ''}`,
        {
          expected: `equal inner extents, not ${inner} and ${depth}`,
        },
      );
    }
    const batch = broadcastShapes(op, a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [tensorType([...batch, rows, columns], dtype)];
  },
  linearSolve: (types, _, op) => {
    const [a, b] = [demand(op, tensor(op, types, 0), floats), demand(op, tensor(op, types, 1), floats)];
    const dtype = sameDType(op, [a, b]);
    const n = a.shape.at(-1);
    if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-2) !== n || b.shape.at(-2) !== n) {
      throw new ShapeError(op, `matrix ${formatType(a)} and right-hand sides ${formatType(b)}`, {
        expected: 'a square matrix [..., n, n] and right-hand sides [..., n, m]',
        advice: 'A vector is one column.',
      });
    }
    const batch = broadcastShapes(op, a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [tensorType([...batch, ...b.shape.slice(-2)], dtype)];
  },
  linearCombination: (types, { coefficients }, op) => {
    const n = coefficients.length;
    const weights = tensors(op, types.slice(0, n));
    const terms = tensors(op, types.slice(n));
    const first = demand(op, tensor(op, types, n), floats);
    sameDType(op, [...weights, ...terms]);
    const fits =
      terms.every((x) => sameShape(x.shape, first.shape)) &&
      weights.every((w) => sameShape(w.shape, first.shape.slice(0, w.shape.length)));
    if (types.length !== 2 * n || n === 0 || !fits) {
      throw new ShapeError(
        op,
        `weights ${weights.map(formatType).join(', ')} and terms ${terms.map(formatType).join(', ')}`,
        {
          expected: 'terms of one shape, and for each a weight that is a scalar or has the shape of its leading axes',
        },
      );
    }
    return [first];
  },
  errorNorm: (types, _, op) => {
    const all = tensors(op, types);
    const dtype = sameDType(op, all);
    for (let i = 0; i < all.length; i += 5) {
      const [error, y0, y1, rtol, atol] = all.slice(i, i + 5);
      if (error === undefined || y0 === undefined || y1 === undefined || rtol === undefined || atol === undefined) {
        throw new ShapeError(op, `${all.length} operands`, { expected: 'five for each leaf: e, y0, y1, rtol, atol' });
      }
      const shape = broadcastShapes(op, error.shape, y0.shape, y1.shape, rtol.shape, atol.shape);
      if (!sameShape(shape, error.shape)) {
        throw new ShapeError(
          op,
          `an error of ${formatType(error)} with tolerances ${formatType(rtol)} and ${formatType(atol)}`,
          {
            expected: "tolerances that broadcast to the state's shape",
          },
        );
      }
    }
    return [tensorType([], dtype)];
  },
  allFinite: (types, _, op) => {
    for (const type of tensors(op, types)) demand(op, type, floats);
    return [tensorType([], 'bool')];
  },
};

function lastTwo(shape: Shape, transposed: boolean): [number, number] {
  const [a, b] = [shape.at(-2) ?? 0, shape.at(-1) ?? 0];
  return transposed ? [b, a] : [a, b];
}
