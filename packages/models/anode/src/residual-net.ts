/** The discrete counterpart: a residual network whose layers are Euler steps of functions of their own. */
import { OptionError, stack, type FloatDType, type Model, type Tensor, type TensorsOf } from '@node-ode/core';
import { linear, type Activation, type ActivationName, type LinearParams } from '@node-ode/nn';
import { mlpField, type MlpFieldParams } from './dynamics.ts';
import { partOf } from './part-of.ts';

/** A residual network of vectors. */
export interface ResidualNetOptions {
  /** Dimensions of the input and of every layer. */
  readonly features: number;
  /** Residual blocks; 5 by default, as in the authors' code. */
  readonly blocks?: number;
  /** Width of both hidden layers of a block; 32 by default. */
  readonly hidden?: number;
  /** Of the linear layer at the end; without it the output is the last block's. */
  readonly outputs?: number;
  /** What a block's function is multiplied by; 1 by default. 1 / blocks makes them Euler steps from t = 0 to 1. */
  readonly step?: number;
  /** `relu` by default. */
  readonly activation?: ActivationName | Activation;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters: those of each block's function, and of the linear layer where there is one. */
export interface ResidualNetParams {
  readonly blocks: readonly MlpFieldParams[];
  readonly head?: LinearParams;
}

/** A residual network of vectors. */
export interface ResidualNet extends Model<ResidualNetParams, Tensor, Tensor> {
  /** The state before the first block and after each: [blocks + 1, ...input]. */
  states(params: TensorsOf<ResidualNetParams>, x: Tensor): Tensor;
  /** From a state to the output. */
  head(params: TensorsOf<ResidualNetParams>, h: Tensor): Tensor;
}

/**
 * hₖ₊₁ = hₖ + step · fₖ(hₖ), then a linear layer: the ODE function of `anode`, without time, as residual function, but no two
 * blocks share weights. Its jumps may cross, which trajectories may not (Dupont, Doucet and Teh 2019).
 *
 * @throws OptionError if a size is no positive integer, or step is 0 or not finite.
 * @example
 * const net = residualNet({ features: 1, blocks: 5 });
 * const params = net.init(random(0));
 * const jumps = compile(backend, (p: TensorsOf<ResidualNetParams>, x: Tensor) => net.states(p, x)); // f32[6,…,1]
 */
export function residualNet(options: ResidualNetOptions): ResidualNet {
  const { features, blocks = 5, hidden = 32, outputs, step = 1, activation = 'relu', dtype = 'f32' } = options;
  if (!Number.isInteger(blocks) || blocks < 1 || !Number.isFinite(step) || step === 0) {
    throw new OptionError('residualNet', `${blocks} blocks of step ${step}`, {
      expected: 'at least one block, and a finite step other than 0',
    });
  }
  const block = mlpField(features, hidden, { activation, dtype, time: false });
  const head = outputs === undefined ? undefined : linear(features, outputs, { dtype });
  const jump = (params: TensorsOf<MlpFieldParams>, h: Tensor): Tensor => h.add(block.apply(params, 0, h).mul(step));
  const layers = (params: TensorsOf<ResidualNetParams>, x: Tensor): Tensor[] => {
    if (params.blocks.length !== blocks) {
      throw new OptionError('residualNet', `parameters of ${params.blocks.length} blocks`, {
        expected: `${blocks}, as init() gives them`,
      });
    }
    return params.blocks.reduce<Tensor[]>((states, p) => [...states, jump(p, states.at(-1)!)], [x]);
  };
  const read: ResidualNet['head'] = (params, h) =>
    head === undefined ? h : head.apply(partOf('residualNet', 'head', params.head), h);
  return {
    name: 'residualNet',
    init: (random) => ({
      blocks: Array.from({ length: blocks }, () => block.init(random)),
      ...(head && { head: head.init(random) }),
    }),
    states: (params, x) => stack(layers(params, x)),
    head: read,
    apply: (params, x) => read(params, layers(params, x).at(-1)!),
  };
}
