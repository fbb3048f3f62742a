/** The discrete planar flow of Rezende & Mohamed 2015: what continuous flows are compared with. */
import {
  OptionError,
  type FloatDType,
  type HostArray,
  type Model,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { normal, zeros } from '@node-ode/nn';
import { freeEnergy, type Energy, type FlowSample, type Sampler } from '../flow.ts';
import { drawNoise } from '../noise.ts';
import { requireCount, requireSamples } from '../options.ts';
import { standardNormalLogProb } from '../standard-normal.ts';
import { forward, inverse, type PlanarLayerParams } from './planar-layer.ts';

/** Options of `planarFlow`. */
export interface PlanarFlowOptions {
  readonly dimension: number;
  /** K, the number of planar maps. */
  readonly depth: number;
  /** Of parameters and noise; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of `planarFlow`: of its maps, from the base to the data. */
export type PlanarFlowParams = readonly PlanarLayerParams[];

/** A discrete planar flow. `apply` is `logProb`. */
export interface PlanarFlow extends Model<PlanarFlowParams, { readonly x: Tensor }, Tensor>, Sampler<PlanarFlowParams> {
  /** The noise that is carried to x: each map is inverted numerically. */
  inverse(params: TensorsOf<PlanarFlowParams>, x: Tensor): Tensor;
  /** log p of points, by the inverse: [samples]. */
  logProb(params: TensorsOf<PlanarFlowParams>, batch: { readonly x: Tensor }): Tensor;
  /** −log-likelihood of data, mean over points. */
  loss(params: TensorsOf<PlanarFlowParams>, batch: { readonly x: Tensor }): Tensor;
  /** E[log q + U]: KL(q ‖ e^−U / Z) − log Z. */
  reverseKl(params: TensorsOf<PlanarFlowParams>, base: Tensor, energy: Energy): Tensor;
}

type Params = TensorsOf<PlanarFlowParams>;

/**
 * K maps z' = z + û·tanh(wᵀz + b) after one another, log q(z') = log q(z) − log |1 + ûᵀψ(z)| with ψ(z) = tanh'(wᵀz + b)·w, where
 * û = u + (−1 + log(1 + e^(wᵀu)) − wᵀu)·w/‖w‖² keeps each map invertible (Rezende & Mohamed 2015, arXiv:1505.05770, section
 * 4.1 and appendix A.1). w and u start as N(0, 0.25), b at 0.
 *
 * @throws OptionError if a size is no positive integer; when applied, OptionError for parameters of another depth and
 * ShapeError for points of another dimension.
 * @example
 * const flow = planarFlow({ dimension: 2, depth: 32 });
 * const params = flow.init(random(0));
 * const loss = (p: TensorsOf<typeof params>, base: Tensor) => flow.reverseKl(p, base, energy);
 */
export function planarFlow({ dimension, depth, dtype = 'f32' }: PlanarFlowOptions): PlanarFlow {
  requireCount('planarFlow', 'dimension', dimension);
  requireCount('planarFlow', 'depth', depth);
  const initial = normal({ std: 0.5 });
  const initLayer = (random: Random): PlanarLayerParams => ({
    weight: initial(random, [dimension], dtype),
    direction: initial(random, [dimension], dtype),
    bias: zeros()(random, [], dtype),
  });
  const sample = (params: Params, base: Tensor): FlowSample => {
    const z = requireSamples('planarFlow', base, dimension);
    const start: FlowSample = { x: z, logProb: standardNormalLogProb(z) };
    return layersOf(params, depth).reduce<FlowSample>(({ x, logProb }, layer) => {
      const next = forward(layer, x);
      return { x: next.z, logProb: logProb.sub(next.logDeterminant) };
    }, start);
  };
  /** The noise behind x, and the log determinant of all maps there. */
  const back = (params: Params, x: Tensor): FlowSample => {
    const end: readonly [Tensor, Tensor | undefined] = [requireSamples('planarFlow', x, dimension), undefined];
    const [z, logDeterminant] = layersOf(params, depth).reduceRight<readonly [Tensor, Tensor | undefined]>(
      ([mapped, total], layer) => {
        const found = inverse(layer, mapped);
        return [found.z, total?.add(found.logDeterminant) ?? found.logDeterminant];
      },
      end,
    );
    const base = standardNormalLogProb(z);
    return { x: z, logProb: logDeterminant === undefined ? base : base.sub(logDeterminant) };
  };
  const logProb: PlanarFlow['logProb'] = (params, { x }) => back(params, x).logProb;
  return {
    name: 'planarFlow',
    init: (random) => Array.from({ length: depth }, () => initLayer(random)),
    apply: logProb,
    logProb,
    loss: (params, batch) => logProb(params, batch).mean().neg(),
    inverse: (params, x) => back(params, x).x,
    sample,
    reverseKl: (params, base, energy) => freeEnergy(sample(params, base), energy),
    base: (random, samples): HostArray =>
      drawNoise('gaussian', random, [requireCount('planarFlow', 'samples', samples), dimension], dtype),
  };
}

function layersOf(params: Params, depth: number): Params {
  if (params.length === depth) return params;
  throw new OptionError('planarFlow', `parameters of ${params.length} maps`, {
    expected: `${depth}, as init() gives them`,
  });
}
