/** What the kernels of our own find in their attributes. */

/** Whether an attribute is a list of numbers. */
export const isNumbers = (x: unknown): x is readonly number[] =>
  Array.isArray(x) && x.every((n) => typeof n === 'number');
