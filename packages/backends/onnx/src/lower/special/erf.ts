/** The error function in f64, which ONNX Runtime has no CPU kernel for. */
import type { Shape } from '@node-ode/core';
import type { Arithmetic } from '../arithmetic.ts';
import type { Emitter } from '../contract.ts';
import { erfRational, erfSaturation } from './coefficients.ts';

/**
 * erf x = x·P(x²)/Q(x²), up to where it rounds to ±1, within 8 units in the last place. P and Q are one Horner scheme over pairs
 * of coefficients along an axis in front: half as many nodes.
 */
export function erf(emitter: Emitter, a: Arithmetic, x: string, shape: Shape): string {
  if (a.has('Erf')) return a.apply('Erf', [x]);
  const limit = a.number(erfSaturation ** 2);
  const z = a.apply('Min', [a.mul(x, x), limit]);
  const pairs = erfRational.map((pair) =>
    emitter.constant({
      elementType: 'double',
      dims: [2, ...shape.map(() => 1)],
      data: Float64Array.from(pair),
    }),
  );
  const both = pairs.slice(0, -1).reduceRight((sum, pair) => a.add(a.mul(sum, z), pair), pairs.at(-1) as string);
  const [top, bottom] = emitter.emitMany('Split', [both], 2, {
    axis: { kind: 'int', value: 0 },
    num_outputs: { kind: 'int', value: 2 },
  }) as [string, string];
  // x last: its product with P could be subnormal, and lose bits that the quotient has.
  const y = emitter.emit('Squeeze', [a.mul(a.div(top, bottom), x), emitter.ints([0])]);
  return a.clip(y, -1, 1);
}
