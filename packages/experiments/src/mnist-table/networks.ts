/** The networks of the table. */
import { createOde, type Backend } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import {
  classifier,
  cnn,
  imageOdeNet,
  imageResNet,
  perceptron,
  withoutBlock,
  type StemKind,
} from '@node-ode/model-node';
import { dopri5 } from '@node-ode/solver-dopri5';
import { named, type NamedNetwork } from '../images/train-classifier.ts';

/** What the networks have in common. */
export interface NetworkSettings {
  readonly width: number;
  readonly stem: StemKind;
  readonly tol: number;
}

/** Rows of the table, in its order. */
export const rowNames = ['perceptron', 'resnet', 'rknet', 'odenet', 'no-block', 'cnn'] as const;

/** One of them. */
export type RowName = (typeof rowNames)[number];

/** A row of the table: what it is called, and what Chen et al. 2018 have in theirs. */
export interface Row {
  readonly title: string;
  readonly paper: { readonly error: number; readonly parameters: string } | undefined;
  make(backend: Backend, settings: NetworkSettings, seed: number): NamedNetwork;
}

/** Two channels in a group, as the authors' 32 groups of 64 channels have: norms of single channels leave no mean for the head. */
const mnist = (width: number) => ({ channels: 1, outputs: 10, width, groups: Math.max(1, Math.min(32, width / 2)) });

const odeNet =
  (gradient: typeof adjoint | typeof backprop): Row['make'] =>
  (backend, { width, stem, tol }, seed) => {
    const ode = createOde({ backend, solver: dopri5(), gradient: gradient(), rtol: tol, atol: tol });
    return named(classifier(imageOdeNet({ ...mnist(width), ode, stem })), seed);
  };

export const rows: Readonly<Record<RowName, Row>> = {
  perceptron: {
    title: 'perceptron, one hidden layer of 300',
    paper: { error: 1.6, parameters: '0.24 M' },
    make: (_backend, _settings, seed) => named(classifier(perceptron({ features: 784, outputs: 10 })), seed),
  },
  resnet: {
    title: 'ResNet, six residual blocks',
    paper: { error: 0.41, parameters: '0.60 M' },
    make: (_backend, { width, stem }, seed) => named(classifier(imageResNet({ ...mnist(width), stem })), seed),
  },
  rknet: { title: 'RK-Net: ODE-Net by backprop', paper: { error: 0.47, parameters: '0.22 M' }, make: odeNet(backprop) },
  odenet: { title: 'ODE-Net, by the adjoint', paper: { error: 0.42, parameters: '0.22 M' }, make: odeNet(adjoint) },
  'no-block': {
    title: 'ODE-Net without its ODE block',
    paper: undefined,
    make: (backend, { width, stem, tol }, seed) => {
      const ode = createOde({ backend, solver: dopri5(), rtol: tol, atol: tol });
      return named(classifier(withoutBlock(imageOdeNet({ ...mnist(width), ode, stem }))), seed);
    },
  },
  cnn: {
    title: 'plain CNN',
    paper: undefined,
    make: (_backend, _settings, seed) => named(classifier(cnn({ image: [1, 28, 28], outputs: 10 })), seed),
  },
};
