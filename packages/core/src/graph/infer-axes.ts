/** The shape and dtype rules of primitives that go along axes. */
import { ShapeError } from '../errors.ts';
import { reducedShape } from './broadcast.ts';
import type { DType } from './dtype.ts';
import { formatType, tensorType, type TensorType, type ValueType } from './graph.ts';
import { unary } from './infer-elementwise.ts';
import { demand, floats, numeric, tensor } from './operands.ts';
import type { ReduceParams } from './primitives.ts';
import type { Rules } from './rule.ts';

const reduction =
  (dtypes: readonly DType[], nonEmpty = false) =>
  (types: readonly ValueType[], { axes, keepDims }: ReduceParams, op: string): readonly TensorType[] => {
    const x = demand(op, tensor(op, types, 0), dtypes);
    if (nonEmpty && axes.some((axis) => x.shape[axis] === 0)) {
      throw new ShapeError(op, `an empty axis of ${formatType(x)}`, {
        expected: 'at least one element to reduce',
        advice: 'Check that the batch is not empty.',
      });
    }
    return [tensorType(reducedShape(x.shape, axes, keepDims), x.dtype)];
  };

type AxisPrimitive =
  'sum' | 'mean' | 'reduceMax' | 'reduceMin' | 'logSumExp' | 'argMax' | 'cumsum' | 'softmax' | 'logSoftmax' | 'size';

export const axisRules: Rules<AxisPrimitive> = {
  sum: reduction(numeric),
  mean: reduction(floats, true),
  reduceMax: reduction(numeric, true),
  reduceMin: reduction(numeric, true),
  logSumExp: reduction(floats, true),
  argMax: (types, { axis }, op) => {
    const values = reduction(numeric, true)(types, { axes: [axis], keepDims: false }, op);
    return values.map(({ shape }) => tensorType(shape, 'i32'));
  },
  cumsum: unary(numeric),
  softmax: unary(floats),
  logSoftmax: unary(floats),
  size: (types, _, op) => [tensorType([], demand(op, tensor(op, types, 0), numeric).dtype)],
};
