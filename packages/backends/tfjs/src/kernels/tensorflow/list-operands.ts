/**
 * Shapes and axes that TensorFlow takes as tensors. tfjs-node makes one of an attribute for each call and disposes of it behind, by
 * tfjs's engine, which costs as much as a small operation: here they are constants of the segment.
 */
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { nativeOf, typeAttribute } from './native-kernel.ts';
import type { NativeBackend, OpAttribute } from '../../runtime/native/native-backend.ts';

/** By the kernel: tfjs's name of the attribute that is TensorFlow's last operand, and what its operation is told besides. */
interface ListOperand {
  readonly attribute: string;
  readonly op?: string;
  attributes(native: NativeBackend, dtype: string, given: Given): readonly OpAttribute[];
}

/** What a call says of its operands. */
interface Given {
  readonly keepDims: unknown;
  /** How many operands there are besides the list. */
  readonly count: number;
}

const list = (attribute: string, name: string): ListOperand => ({
  attribute,
  attributes: (native, dtype) => [typeAttribute(native, 'T', dtype), typeAttribute(native, name, 'int32')],
});

const reduction = (attribute: string): ListOperand => ({
  attribute,
  attributes: (native, dtype, { keepDims }) => [
    { name: 'keep_dims', type: native.binding.TF_ATTR_BOOL, value: keepDims },
    // Of booleans there is one type.
    ...(dtype === 'bool' ? [] : [typeAttribute(native, 'T', dtype)]),
    typeAttribute(native, 'Tidx', 'int32'),
  ],
});

const listOperands: Readonly<Record<string, ListOperand>> = {
  Reshape: list('shape', 'Tshape'),
  Transpose: list('perm', 'Tperm'),
  Tile: list('reps', 'Tmultiples'),
  Sum: reduction('axis'),
  Mean: reduction('axis'),
  Min: reduction('axis'),
  Max: reduction('reductionIndices'),
  All: reduction('axis'),
  Concat: {
    attribute: 'axis',
    op: 'ConcatV2',
    attributes: (native, dtype, { count }) => [
      { name: 'N', type: native.binding.TF_ATTR_INT, value: count },
      typeAttribute(native, 'T', dtype),
      typeAttribute(native, 'Tidx', 'int32'),
    ],
  },
};

/** tfjs's name of the attribute of a kernel that is a constant operand on TensorFlow; undefined if it has none. */
export const listAttributeOf = (kernel: string): string | undefined => listOperands[kernel]?.attribute;

const kernelOf = (
  kernelName: string,
  { op = kernelName, attributes }: ListOperand,
): readonly [string, TfKernelConfig] => [
  kernelName,
  {
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const native = nativeOf(kernelName, backend);
      const operands = Object.values(inputs).filter((x) => x !== undefined);
      const given = { keepDims: attrs?.['keepDims'], count: operands.length - 1 };
      return native.executeSingleOutput(op, attributes(native, operands[0]?.dtype ?? '', given), operands);
    },
  },
];

/** The kernels, whose last operand is the list. */
export const listKernels: Readonly<Record<string, TfKernelConfig>> = Object.fromEntries(
  Object.entries(listOperands).map(([kernelName, operand]) => kernelOf(kernelName, operand)),
);
