/** Continuous normalizing flows: Chen et al. 2018, section 4; FFJORD; RNODE. */
import type { FloatDType, HostArray, Model, Ode, Random, SolveOptions, Tensor, TensorsOf, Times } from '@node-ode/core';
import type { VectorField } from '../fields/vector-field.ts';
import { freeEnergy, type Energy, type FlowSample, type Sampler } from '../flow.ts';
import { drawNoise } from '../noise.ts';
import { requireCount, requireSamples } from '../options.ts';
import { standardNormalLogProb } from '../standard-normal.ts';
import { augment } from './augmentation.ts';
import type { DivergenceMethod } from './divergence.ts';
import { regularizer, type Cost } from './regularization.ts';
import { requireTimes } from './times.ts';
import { transport, type FlowState } from './transport.ts';

/** Noise of a solve on the host or traced: `Leaf` is `HostArray` or `Tensor`. */
export interface FlowNoise<Leaf> {
  /** Of Hutchinson's estimator: a row for each point that is moved, draws · samples of them. */
  readonly trace?: Leaf;
  /** Of the further dimensions: [draws, samples, augment]. */
  readonly augment?: Leaf;
}

/** Points of data, and the noise that their density needs: `{ x, ...flow.noise(random, samples) }`. */
export interface FlowBatch extends FlowNoise<Tensor> {
  /** [samples, dimension]. */
  readonly x: Tensor;
}

/** Points on their way, with the logarithm of their density there. */
export interface FlowTrajectory {
  /** [times, samples, dimension + augment]. */
  readonly z: Tensor;
  /** [times, samples]. */
  readonly logProb: Tensor;
}

/** Options of `cnf`. */
export interface CnfOptions<Params> {
  /** D, of the data. */
  readonly dimension: number;
  /** Moves points of D + augment dimensions. */
  readonly field: VectorField<Params>;
  /** Solver, controller and gradient method, put together by `createOde`. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** The time of the base density; 0 by default. */
  readonly t0?: number;
  /** The time of the data; 1 by default. */
  readonly t1?: number;
  /** `exact()` or `hutchinson()`; by default the field's closed form, and `exact()` where it has none. */
  readonly divergence?: DivergenceMethod;
  /** Weights of ∫‖f‖² dt and of ∫‖∂f/∂z‖² dt in the loss, mean over points (RNODE, Finlay et al. 2020); 0 by default. */
  readonly regularization?: Readonly<Partial<Record<Cost, number>>>;
  /** Further dimensions that the field moves as well; 0 by default. */
  readonly augment?: number;
  /** What the flow's solves override: tolerances, solver, `maxSteps` … */
  readonly solve?: SolveOptions;
  /** Of noise from seeds; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** A continuous normalizing flow. `apply` is `logProb`. */
export interface Cnf<Params> extends Model<Params, FlowBatch, Tensor>, Sampler<Params> {
  /** log p of points [samples], at the time of the data or at another; with augmentation a bound, see `augment`. */
  logProb(params: TensorsOf<Params>, batch: FlowBatch, t?: number): Tensor;
  /** −log-likelihood of data, mean over points, with regularisation. */
  loss(params: TensorsOf<Params>, batch: FlowBatch): Tensor;
  /** Base noise carried to t1. With augmentation x is the data's part, and logProb the joint density of all dimensions. */
  sample(params: TensorsOf<Params>, base: Tensor, trace?: Tensor): FlowSample;
  /** The noise that is carried to the points: [samples, dimension], of draws · samples rows with augmentation. */
  inverse(params: TensorsOf<Params>, batch: FlowBatch): Tensor;
  /** Base noise on its way along `ts`, of which the first is t0. */
  trajectory(params: TensorsOf<Params>, base: Tensor, ts: Times, trace?: Tensor): FlowTrajectory;
  /** E[log q + U], with regularisation: KL(q ‖ e^−U / Z) − log Z; with augmentation an upper bound of it. */
  reverseKl(params: TensorsOf<Params>, base: Tensor, energy: Energy, trace?: Tensor): Tensor;
  /** Base noise for `samples` points from a generator: [samples, dimension + augment]. */
  base(random: Random, samples: number): HostArray;
  /** The noise that the density of `samples` points needs: nothing with an exact trace and no augmentation. */
  noise(random: Random, samples: number, draws?: number): FlowNoise<HostArray>;
}

/**
 * The flow dz/dt = f(t, z, θ) from N(0, I) at t0 to the density of the data at t1, by the instantaneous change of variables
 * d log p(z(t))/dt = −tr(∂f/∂z) (Chen et al. 2018, Theorem 1). Densities of data are solved from t1 to t0, samples from t0 to
 * t1; gradients reach parameters and points by the gradient method of `ode`.
 *
 * @throws OptionError if an option is out of range; when applied, OptionError for noise that is missing or superfluous and
 * ShapeError for points or noise of another shape. What `odeint` throws, when applied.
 * @example
 * const flow = cnf({ dimension: 2, field: concatSquashMlp({ sizes: [2, 64, 64, 2] }), ode });
 * const params = flow.init(random(0));
 * const logProb = ode.compile((p: TensorsOf<typeof params>, x: Tensor) => flow.logProb(p, { x }));
 */
export function cnf<Params>(options: CnfOptions<Params>): Cnf<Params> {
  const { dimension, field, ode, t0 = 0, t1 = 1, divergence, regularization = {}, dtype = 'f32' } = options;
  requireCount('cnf', 'dimension', dimension);
  const extra = requireCount('cnf', 'augment', options.augment ?? 0, 0);
  requireTimes(t0, t1);
  const regularized = regularizer(regularization);
  const noisy = divergence === undefined || divergence.noise === 'none' ? undefined : divergence.noise;
  const move = transport({ field, ode, divergence, costs: regularized.costs, solve: options.solve ?? {} });
  const whole = dimension + extra;

  /** The density at `t` of points, with the integrals of their way back to t0. */
  const density = (params: TensorsOf<Params>, batch: FlowBatch, t: number): Density => {
    const x = requireSamples('cnf', batch.x, dimension);
    const { z, marginal } = augment(x, batch.augment, extra);
    if (t === t0) return { noise: z, logProb: marginal(standardNormalLogProb(z)), costs: [] };
    const end = last(move(params, { z }, [t, t0], batch.trace));
    return { noise: end.z, logProb: marginal(standardNormalLogProb(end.z).sub(end.logProb)), costs: end.costs };
  };
  /** Base noise on its way along `ts`. */
  const generate = (params: TensorsOf<Params>, base: Tensor, ts: Times, trace: Tensor | undefined): FlowState => {
    const z = requireSamples('cnf', base, whole);
    return move(params, { z, logProb: standardNormalLogProb(z) }, ts, trace);
  };
  const draw = (params: TensorsOf<Params>, base: Tensor, trace: Tensor | undefined): FlowState =>
    last(generate(params, base, [t0, t1], trace));
  const data = (z: Tensor): Tensor => (extra === 0 ? z : z.slice([0, 0], [-1, dimension]));
  const logProb: Cnf<Params>['logProb'] = (params, batch, t = t1) => density(params, batch, t).logProb;
  return {
    name: 'cnf',
    init: (random) => field.init(random),
    apply: (params, batch) => logProb(params, batch),
    logProb,
    loss: (params, batch) => {
      const { logProb: values, costs: integrals } = density(params, batch, t1);
      return regularized.add(values.mean().neg(), integrals, t1 > t0 ? -1 : 1);
    },
    sample: (params, base, trace) => {
      const end = draw(params, base, trace);
      return { x: data(end.z), logProb: end.logProb };
    },
    inverse: (params, batch) => density(params, batch, t1).noise,
    trajectory: (params, base, ts, trace) => {
      const { z, logProb: values } = generate(params, base, ts, trace);
      return { z, logProb: values };
    },
    reverseKl: (params, base, energy, trace) => {
      const end = draw(params, base, trace);
      const free = freeEnergy({ x: data(end.z), logProb: end.logProb }, energy);
      // The further dimensions' target is N(0, I): its energy is minus the logarithm of that density.
      const rest = extra === 0 ? undefined : end.z.slice([0, dimension], [-1, extra]);
      const joint = rest === undefined ? free : free.sub(standardNormalLogProb(rest).mean());
      return regularized.add(joint, end.costs, t1 > t0 ? 1 : -1);
    },
    base: (random, samples) => drawNoise('gaussian', random, [requireCount('cnf', 'samples', samples), whole], dtype),
    noise: (random, samples, draws = 1) => {
      requireCount('cnf', 'samples', samples);
      requireCount('cnf', 'draws', draws);
      const rows = extra === 0 ? samples : draws * samples;
      return {
        ...(extra === 0 ? {} : { augment: drawNoise('gaussian', random, [draws, samples, extra], dtype) }),
        ...(noisy === undefined ? {} : { trace: drawNoise(noisy, random, [rows, whole], dtype) }),
      };
    },
  };
}

interface Density {
  readonly noise: Tensor;
  readonly logProb: Tensor;
  readonly costs: readonly Tensor[];
}

/** The state at the last time of a solve. */
const last = ({ z, logProb, costs }: FlowState): FlowState => ({
  z: z.at(-1),
  logProb: logProb.at(-1),
  costs: costs.map((cost) => cost.at(-1)),
});
