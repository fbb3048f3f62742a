/** Networks for tables: rows [samples, features]. */
import type { FloatDType, Model, Ode, SolveOptions, Tensor } from '@node-ode/core';
import {
  flatten,
  linear,
  mlp,
  timeMlp,
  type Activation,
  type ActivationName,
  type LinearParams,
  type MlpParams,
} from '@node-ode/nn';
import { network, type OdeNet } from '../network.ts';
import { neuralOde } from '../neural-ode.ts';

/** Options of `tabularOdeNet`. */
export interface TabularOdeNetOptions {
  /** Solver, controller and gradient method, put together by `createOde`. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** Columns of the table. */
  readonly features: number;
  /** Classes of a classifier, numbers of a regressor. */
  readonly outputs: number;
  /** Components of the block's state; 32 by default. */
  readonly width?: number;
  /** Units of the hidden layers of the block's dynamics; [width] by default. */
  readonly hidden?: readonly number[];
  /** After the stem and within the dynamics; `tanh` by default. */
  readonly activation?: ActivationName | Activation;
  /** What the block's solves override: tolerances, solver, gradient method … */
  readonly solve?: SolveOptions;
  /** Where the solve ends; 1 by default. */
  readonly t1?: number;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** An ODE-Net for tables. */
export type TabularOdeNet = OdeNet<MlpParams, MlpParams, LinearParams>;

/**
 * An ODE-Net for tables: a dense stem y(0) = φ(x·W + b), the block dy/dt = `timeMlp`, and a linear head; from [samples, features]
 * to [samples, outputs].
 *
 * @throws OptionError if a number is no positive integer, or there is no such activation. When applied, ShapeError for rows of
 * other features, and what the solve throws.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: adjoint(), rtol: 1e-3, atol: 1e-3 });
 * const model = regressor(tabularOdeNet({ ode, features: 8, outputs: 1 }));
 */
export function tabularOdeNet(options: TabularOdeNetOptions): TabularOdeNet {
  const { ode, features, outputs, width = 32, hidden = [width], activation = 'tanh' } = options;
  const { solve = {}, t1 = 1, dtype = 'f32' } = options;
  const stem = mlp({ sizes: [features, width], finalActivation: activation, dtype });
  const dynamics = timeMlp({ sizes: [width, ...hidden, width], activation, dtype });
  const block = neuralOde({ dynamics, ode, solve, t1 });
  const head = linear(width, outputs, { dtype });
  return { ...network('tabularOdeNet', { stem, block, head }), block };
}

/** Options of `perceptron`. */
export interface PerceptronOptions {
  /** Numbers of a sample: 784 for images of 28×28. */
  readonly features: number;
  /** Classes of a classifier, numbers of a regressor. */
  readonly outputs: number;
  /** Units of the hidden layers; [300] by default. */
  readonly hidden?: readonly number[];
  /** After each hidden layer; `relu` by default. */
  readonly activation?: ActivationName | Activation;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/**
 * A perceptron with one hidden layer of 300 units (LeCun et al. 1998, the first row of table 1 of Chen et al. 2018), or as many
 * as `hidden` has; from [samples, …], whose axes behind the first are flattened, to [samples, outputs]. 238 510 parameters for
 * MNIST.
 *
 * @throws OptionError if a number is no positive integer, or there is no such activation. ShapeError, when applied, for samples
 * of another size.
 * @example
 * const model = classifier(perceptron({ features: 784, outputs: 10 }));
 */
export function perceptron(options: PerceptronOptions): Model<MlpParams, Tensor, Tensor> {
  const { features, outputs, hidden = [300], activation = 'relu', dtype = 'f32' } = options;
  const layers = mlp({ sizes: [features, ...hidden, outputs], activation, dtype });
  return { ...layers, name: 'perceptron', apply: (params, x) => layers.apply(params, flatten(x)) };
}
