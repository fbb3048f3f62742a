/** The scenes as the page knows them, by the names that are also its addresses: #spirals. */
import type { SceneSpec } from './scene.ts';
import { rings, series, sheet, spiral } from './spans.ts';

const spirals: SceneSpec = {
  defaults: { solver: 'dopri5', tolerance: 1e-3, h: 0.05, gradient: 'adjoint', augment: 0, learningRate: 0.01 },
  models: ['Neural ODE'],
  loss: 'mean squared error',
  panels: [
    {
      id: 'plane',
      title: 'The plane, its field and the fitted spiral',
      describes:
        'Arrows of the learned vector field, particles that it carries, the true spiral and the predicted one.',
      bounds: spiral.plane,
      axes: ['y₁', 'y₂'],
      clock: 'particles',
    },
    {
      id: 'series',
      title: 'The same spiral against time',
      describes:
        'The first coordinate of the spiral against time: the truth and the prediction from the first point alone.',
      bounds: { x: [0, spiral.end], y: spiral.plane.y },
      axes: ['t', 'y₁'],
      clock: 'together',
    },
  ],
  time: { from: 0, to: spiral.end },
  augment: { label: 'Extra dimensions', least: 0, most: 3 },
  steps: 2000,
};

const spheres: SceneSpec = {
  defaults: { solver: 'dopri5', tolerance: 1e-3, h: 0.1, gradient: 'backprop', augment: 1, learningRate: 0.01 },
  models: ['Neural ODE', 'augmented'],
  loss: 'mean squared error',
  panels: [
    {
      id: 'node-flow',
      title: 'Neural ODE: the flow of the plane',
      describes: 'Points of both classes carried by the flow of the plane, over its vector field.',
      bounds: rings.flow,
      axes: ['h₁', 'h₂'],
      clock: 'together',
    },
    {
      id: 'anode-flow',
      title: 'Augmented: the flow of space',
      describes: 'The same points carried by a flow of three dimensions, drawn in perspective.',
      bounds: rings.flow,
      axes: ['h₁', 'h₂'],
      clock: 'together',
      space: true,
    },
    {
      id: 'node-decision',
      title: 'Neural ODE: what it says of each input',
      describes: 'The plane of inputs coloured by the class that the Neural ODE gives them.',
      bounds: rings.inputs,
      axes: ['x₁', 'x₂'],
      clock: 'together',
    },
    {
      id: 'anode-decision',
      title: 'Augmented: what it says of each input',
      describes: 'The plane of inputs coloured by the class that the augmented Neural ODE gives them.',
      bounds: rings.inputs,
      axes: ['x₁', 'x₂'],
      clock: 'together',
    },
  ],
  time: { from: 0, to: 1 },
  augment: { label: 'Extra dimensions', least: 1, most: 5 },
  steps: 1500,
};

const density: SceneSpec = {
  defaults: { solver: 'dopri5', tolerance: 1e-2, h: 0.1, gradient: 'backprop', augment: 0, learningRate: 0.02 },
  models: ['flow'],
  loss: 'negative log-likelihood (nats)',
  panels: [
    {
      id: 'density',
      title: 'Draw here: your points and their density',
      describes:
        'The density of the flow, as colour, and the points it learns from. Draw with a pointer, or with arrow keys and Space.',
      bounds: sheet,
      axes: ['x₁', 'x₂'],
      clock: 'together',
      drawable: true,
    },
    {
      id: 'flow',
      title: 'Noise on its way to your points',
      describes: 'Samples that the vector field carries from a normal distribution to the density that was learned.',
      bounds: sheet,
      axes: ['z₁', 'z₂'],
      clock: 'together',
    },
  ],
  time: { from: 0, to: 1 },
  augment: { label: 'Extra dimensions', least: 0, most: 2 },
  steps: 1500,
};

const latent: SceneSpec = {
  defaults: { solver: 'dopri5', tolerance: 1e-2, h: 0.2, gradient: 'backprop', augment: 1, learningRate: 0.02 },
  models: ['latent ODE'],
  loss: 'negative evidence bound (nats)',
  panels: [
    {
      id: 'data',
      title: 'Four spirals it never saw',
      describes: 'Observed points of four spirals, the true curves, what the model makes of them and how it goes on.',
      bounds: series.plane,
      axes: ['x₁', 'x₂'],
      clock: 'together',
    },
    {
      id: 'latent',
      title: 'The latent space and its vector field',
      describes:
        'The latent vector field, particles from the prior that it carries, and the paths of the four spirals.',
      bounds: series.latent,
      axes: ['z₁', 'z₂'],
      clock: 'together',
    },
  ],
  time: { from: 0, to: series.end },
  augment: { label: 'Latent dimensions beyond two', least: 0, most: 4 },
  steps: 2000,
};

/** By name. */
export const specs = { spirals, spheres, density, latent } as const;
export type SceneName = keyof typeof specs;
