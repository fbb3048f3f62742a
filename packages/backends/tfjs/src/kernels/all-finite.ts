/** Whether all elements of all operands are finite. */
import { sizeOf } from '@node-ode/core';
import type { OptionalLowering, Register } from './contract.ts';
import { allFiniteName } from './in-memory/all-finite.ts';
import { range, reshape } from './shaping.ts';

/** The operands that have elements: of the others there is nothing to ask. */
export const withElements = (inputs: readonly Register[]): readonly Register[] =>
  inputs.filter(({ shape }) => sizeOf(shape) > 0);

/** Our own kernel, where there is one. */
export const allFinite: OptionalLowering<'allFinite'> = (builder, inputs) => {
  const leaves = withElements(inputs);
  if (leaves.length === 0 || !builder.has(allFiniteName)) return undefined;
  return builder.call(allFiniteName, leaves, {}, { shape: [], dtype: 'bool' });
};

/** One test of all leaves in a row and one conjunction, for backends that have one: calls cost more there than elements. */
export const allFiniteInARow: OptionalLowering<'allFinite'> = (builder, inputs) => {
  const leaves = withElements(inputs);
  const [first] = leaves;
  if (first === undefined || !builder.has('All')) return undefined;
  const inARow = (x: Register): Register => reshape(builder, x, [sizeOf(x.shape)]);
  const row = leaves.length === 1 ? first : builder.lower('concat', leaves.map(inARow), { axis: 0 });
  const test = builder.lower('isFinite', [row], {});
  if (test.shape.length === 0) return test;
  return builder.call(
    'All',
    { x: test },
    { axis: range(test.shape.length), keepDims: false },
    { shape: [], dtype: 'bool' },
  );
};
