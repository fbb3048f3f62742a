/** Activations: element-wise functions of a tensor, and their names for layers' options. */
import { OptionError, select, type Tensor } from '@node-ode/core';

/** An element-wise function: input and output share shape and dtype. */
export type Activation = (x: Tensor) => Tensor;

/** x */
export const identity: Activation = (x) => x;

/** tanh x */
export const tanh: Activation = (x) => x.tanh();

/** max(x, 0); its derivative at 0 is 0. */
export const relu: Activation = (x) => x.relu();

/** 1 / (1 + e⁻ˣ) */
export const sigmoid: Activation = (x) => x.sigmoid();

/** log(1 + eˣ) without overflow. */
export const softplus: Activation = (x) => x.softplus();

/** x · sigmoid(x), also called swish (Ramachandran et al. 2017; Elfwing et al. 2018). */
export const silu: Activation = (x) => x.mul(x.sigmoid());

/** Another name of `silu`. */
export const swish: Activation = silu;

/**
 * x · Φ(x) = x · ½(1 + erf(x/√2)), Φ being the normal distribution's cumulative function (Hendrycks and Gimpel 2016): the
 * exact form, not the one through tanh.
 */
export const gelu: Activation = (x) => x.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5));

/**
 * x where x > 0, else alpha · (eˣ − 1) (Clevert et al. 2016). The derivative at 0 is alpha.
 *
 * @example
 * mlp({ sizes: [2, 50, 2], activation: (x) => elu(x, 0.5) });
 */
export function elu(x: Tensor, alpha = 1): Tensor {
  const positive = x.greater(0);
  // The exponential sees no large x: its infinity would turn into NaN in the derivative of the branch not taken.
  const negative = select(positive, 0, x);
  return select(positive, x, negative.expm1().mul(alpha));
}

/** x where x > 0, else slope · x (Maas et al. 2013). The derivative at 0 is slope. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return select(x.greater(0), x, x.mul(slope));
}

const named = { identity, tanh, relu, sigmoid, softplus, silu, swish, gelu, elu, leakyRelu } as const;

/** The activations that layers know by name, with their default parameters. */
export type ActivationName = keyof typeof named;

/** All of them. */
export const activationNames = Object.keys(named) as readonly ActivationName[];

/**
 * The activation of a name; a function is given back as it is.
 *
 * @throws OptionError if the name is not known.
 * @example
 * const act = activation('softplus');
 */
export function activation(nameOrFunction: ActivationName | Activation): Activation {
  if (typeof nameOrFunction === 'function') return nameOrFunction;
  if (!Object.hasOwn(named, nameOrFunction)) {
    throw new OptionError('activation', `'${String(nameOrFunction)}'`, {
      expected: `one of ${activationNames.join(', ')}`,
      advice: 'Pass any other activation as a function of a tensor.',
    });
  }
  const chosen = named[nameOrFunction];
  return (x) => chosen(x);
}
