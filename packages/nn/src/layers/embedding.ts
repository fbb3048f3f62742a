/** Learned vectors for the members of a finite set: words, classes, kinds of events. */
import { DTypeError, formatType, type FloatDType, type HostArray } from '@node-ode/core';
import { normal, type Initializer } from '../initializers/initializer.ts';
import { requirePositiveInteger } from '../options.ts';
import type { Layer } from './layer.ts';

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** Of the vectors; standard normal, PyTorch's default, by default. */
  readonly weightInit?: Initializer;
  /** Of the vectors; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of an embedding: `weight` [count, features], a row for each member. */
export interface EmbeddingParams {
  readonly weight: HostArray;
}

/**
 * Row i of the weight for each i32 index i in [0, count): from [...] to [..., features]. An index outside gives what the
 * engine's `gather` gives: an ExecutionError, or a row of NaN.
 *
 * @throws OptionError if a size is no positive integer; DTypeError, when applied, if the indices are not i32.
 * @example
 * const words = embedding(1000, 16);
 * const params = words.init(random(0)); // { weight: f32[1000,16] }
 * const f = (p: TensorsOf<typeof params>, tokens: Tensor) => words.apply(p, tokens); // i32[50,20] gives f32[50,20,16]
 */
export function embedding(count: number, features: number, options: EmbeddingOptions = {}): Layer<EmbeddingParams> {
  const { weightInit = normal(), dtype = 'f32' } = options;
  requirePositiveInteger('embedding', 'count', count);
  requirePositiveInteger('embedding', 'features', features);
  return {
    name: 'embedding',
    init: (random) => ({ weight: weightInit(random, [count, features], dtype) }),
    apply: ({ weight }, indices) => {
      if (indices.dtype !== 'i32') {
        throw new DTypeError('embedding', `indices ${formatType(indices.type)}`, {
          expected: 'i32',
          advice: "Make them with array(…, { dtype: 'i32' }).",
        });
      }
      return weight.gather(indices, 0);
    },
  };
}
