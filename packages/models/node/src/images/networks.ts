/** The image networks of Chen et al. 2018: stem, block and head, where the block is an ODE or residual blocks. */
import { OptionError, type Ode, type SolveOptions, type Tensor } from '@node-ode/core';
import type { Layer } from '@node-ode/nn';
import { network, type Network, type OdeNet } from '../network.ts';
import { neuralOde } from '../neural-ode.ts';
import { convDynamics, type ConvDynamicsParams } from './conv-dynamics.ts';
import { imageHead, type ImageHeadParams } from './head.ts';
import { residualBlock, type ResidualBlockParams } from './residual-block.ts';
import type { StageOptions } from './stage.ts';
import { stemOf, type StemKind, type StemParams } from './stems.ts';

/** What the image networks share. */
export interface ImageNetworkOptions extends StageOptions {
  /** Of the images: 1 for grey ones, 3 for colours. */
  readonly channels: number;
  /** Classes of a classifier, numbers of a regressor. */
  readonly outputs: number;
  /** Channels after the stem; 64 by default. */
  readonly width?: number;
  /** `convolutional` by default. */
  readonly stem?: StemKind;
}

/** Options of `imageOdeNet`. */
export interface ImageOdeNetOptions extends ImageNetworkOptions {
  /** Solver, controller and gradient method, put together by `createOde`. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** What the block's solves override: tolerances, solver, gradient method … */
  readonly solve?: SolveOptions;
  /** Where the solve ends; 1 by default. */
  readonly t1?: number;
}

/** Options of `imageResNet`. */
export interface ImageResNetOptions extends ImageNetworkOptions {
  /** How many residual blocks; 6 by default. */
  readonly blocks?: number;
}

/** An ODE-Net for images. */
export type ImageOdeNet = OdeNet<StemParams, ConvDynamicsParams, ImageHeadParams>;

/** A ResNet for images. */
export type ImageResNet = Network<StemParams, readonly ResidualBlockParams[], ImageHeadParams>;

/**
 * The ODE-Net for images of Chen et al. 2018, as in the authors' `odenet_mnist.py`: a stem that makes images smaller, the block
 * dy/dt = `convDynamics`, and a head; from [samples, channels, H, W] to [samples, outputs]. 208 266 parameters for MNIST with the
 * convolutional stem, 232 970 with the residual one. With `gradient: backprop()` it is the paper's RK-Net.
 *
 * @throws OptionError if a number is no positive integer, the groups do not divide `width`, or there is no such stem. When
 * applied, ShapeError for images of other channels or too small for the stem, and what the solve throws.
 * @example
 * const ode = createOde({ backend, solver: dopri5(), gradient: adjoint(), rtol: 1e-3, atol: 1e-3 });
 * const model = classifier(imageOdeNet({ ode, channels: 1, outputs: 10 }));
 */
export function imageOdeNet(options: ImageOdeNetOptions): ImageOdeNet {
  const { ode, solve = {}, t1 = 1 } = options;
  const { stem, width, head, stage } = ends(options);
  const block = neuralOde({ dynamics: convDynamics(width, stage), ode, solve, t1 });
  return { ...network('imageOdeNet', { stem, block, head }), block };
}

/**
 * The same network with `blocks` residual blocks in place of the ODE block; 576 778 parameters for MNIST with the convolutional
 * stem, 601 482 with the residual one.
 *
 * @throws OptionError if `blocks` is no integer of at least 0, and as `imageOdeNet`. ShapeError when applied, likewise.
 * @example
 * const model = classifier(imageResNet({ channels: 1, outputs: 10, blocks: 6 }));
 */
export function imageResNet(options: ImageResNetOptions): ImageResNet {
  const { blocks = 6 } = options;
  if (!Number.isInteger(blocks) || blocks < 0) {
    throw new OptionError('imageResNet', `blocks is ${blocks}`, { expected: 'an integer of at least 0' });
  }
  const { stem, width, head, stage } = ends(options);
  return network('imageResNet', { stem, block: repeated(residualBlock(width, stage), blocks), head });
}

/** Stem and head, and what the block between them has to be like. */
function ends({ channels, outputs, width = 64, stem = 'convolutional', ...options }: ImageNetworkOptions) {
  const { groups, activation, dtype } = options;
  const stage: StageOptions = {
    ...(groups === undefined ? {} : { groups }),
    ...(activation === undefined ? {} : { activation }),
    ...(dtype === undefined ? {} : { dtype }),
  };
  return { stem: stemOf(stem, channels, width, stage), head: imageHead(width, outputs, stage), width, stage };
}

/** A layer `count` times, each with parameters of its own. */
const repeated = <Params>(layer: Layer<Params>, count: number): Layer<readonly Params[]> => ({
  name: layer.name,
  init: (random) => Array.from({ length: count }, () => layer.init(random)),
  apply: (params, x) => params.reduce<Tensor>((y, own) => layer.apply(own, y), x),
});
