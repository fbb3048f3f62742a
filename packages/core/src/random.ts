/** Seeded generators on the host: randomness is an input of a graph. Their state is a few integers, for checkpoints. */
import { OptionError } from './errors.ts';

/** Six 32-bit words: four of the generator, two of a pending normal. */
export type RandomState = readonly number[];

/** A stream of pseudo-random numbers. */
export interface Random {
  /** Uniform in [0, 1), with 32 random bits. */
  uniform(): number;
  /** Standard normal (Box–Muller, both values used). */
  normal(): number;
  /** Uniform in 0, 1, … , n − 1. */
  integer(n: number): number;
  /** A permutation of 0, 1, … , n − 1 (Fisher–Yates). */
  shuffle(n: number): Int32Array;
  /** A generator of its own, started from this one's next numbers. */
  split(): Random;
  /** What `random(state)` continues from: bit for bit. */
  state(): RandomState;
}

/**
 * xoshiro128** (Blackman & Vigna 2018), seeded through splitmix32; or continued from a state.
 *
 * @throws OptionError if the seed is no integer or the state is not one that `state()` gave.
 * @example
 * const rng = random(42);
 * const noise = rng.normal();
 */
export function random(seed: number | RandomState): Random {
  const words = typeof seed === 'number' ? seeded(seed) : restored(seed);
  let spare = typeof seed === 'number' ? NaN : unpackSpare(seed);

  const next = (): number => {
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = words;
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    const t2 = s2 ^ s0;
    const t3 = s3 ^ s1;
    words[1] = s1 ^ t2;
    words[0] = s0 ^ t3;
    words[2] = t2 ^ shifted;
    words[3] = rotateLeft(t3, 11);
    return result;
  };
  const uniform = (): number => next() / 2 ** 32;
  const integer = (n: number): number => Math.floor(uniform() * n);
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = NaN;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return {
    uniform,
    normal,
    integer,
    shuffle: (n) => {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = integer(i + 1);
        [order[i], order[j]] = [order[j] as number, order[i] as number];
      }
      return order;
    },
    split: () => random(next() | 0),
    state: () => [...Array.from(words, (word) => word >>> 0), ...packSpare(spare)],
  };
}

const rotateLeft = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

function seeded(seed: number): Int32Array {
  if (!Number.isInteger(seed)) {
    throw new OptionError('random', `seed ${seed}`, { expected: 'an integer' });
  }
  let x = (seed ^ mix(Math.floor(seed / 2 ** 32) | 0)) | 0;
  return Int32Array.from({ length: 4 }, () => mix((x = (x + 0x9e3779b9) | 0)));
}

/** The output function of splitmix32; mix(0) is 0. */
function mix(x: number): number {
  let z = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}

function restored(state: RandomState): Int32Array {
  const isState = state.length === 6 && state.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32);
  if (!isState || state.slice(0, 4).every((word) => word === 0)) {
    throw new OptionError('random', `a state of ${state.length} words`, {
      expected: 'the six 32-bit words that state() gave',
    });
  }
  return Int32Array.from(state.slice(0, 4), (word) => word | 0);
}

/** The pending normal's 64 bits as two words; NaN when there is none. */
function packSpare(spare: number): readonly number[] {
  return Array.from(new Uint32Array(Float64Array.of(spare).buffer));
}

function unpackSpare(state: RandomState): number {
  return new Float64Array(Uint32Array.from(state.slice(4, 6)).buffer)[0] ?? NaN;
}
