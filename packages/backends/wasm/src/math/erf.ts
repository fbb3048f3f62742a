/** The error function. */
import { get } from '../encoder/code.ts';
import { erfRational } from './coefficients.ts';
import { saturatingRational } from './rational.ts';
import { inLoop, type VectorFunction } from './types.ts';
import { Vectors } from './vectors.ts';

/** From here on erf rounds to ±1. */
const saturation = { f32x4: 3.925, f64x2: 5.93 } as const;

/** erf x = 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const v = new Vectors(f, lanes, constant);
    return v.local(saturatingRational(v, get(x), erfRational[lanes], saturation[lanes]));
  },
  inline: inLoop,
};
