// What the kinds of plugins differ in, as packages of this workspace. An example's code is in templates/KIND.

/**
 * @typedef {object} Kind
 * @property {string} folder Where packages of this kind are.
 * @property {string} layer The nx tag that says what its shipped code may import: see eslint.config.js.
 * @property {string} example What a new package does until its author changes it.
 * @property {readonly string[]} imports Packages of the workspace that its code imports, core aside; by folder.
 * @property {readonly string[]} tests Those that its tests and its README need, beside these.
 */

const [reference, wasm, testkit] = ['packages/backends/reference', 'packages/backends/wasm', 'packages/testkit'];
const dopri5 = 'packages/solvers/dopri5';

/** @type {Readonly<Record<string, Kind>>} */
export const kinds = {
  solver: {
    folder: 'packages/solvers',
    layer: 'solver',
    example: "Ralston's method of order 2",
    imports: [],
    tests: [reference, wasm, testkit],
  },
  controller: {
    folder: 'packages/controllers',
    layer: 'controller',
    example: 'steps that are halved and doubled',
    imports: [],
    tests: [reference, wasm, testkit, dopri5],
  },
  gradient: {
    folder: 'packages/gradients',
    layer: 'gradient',
    example: 'backpropagation that solves again instead of keeping a tape',
    imports: [],
    tests: [reference, wasm, testkit, dopri5, 'packages/gradients/backprop'],
  },
  backend: {
    folder: 'packages/backends',
    layer: 'backend',
    example: 'another engine, with the time that it computes',
    imports: [],
    tests: [reference, wasm, testkit, dopri5],
  },
  model: {
    folder: 'packages/models',
    layer: 'model',
    example: 'a linear Neural ODE with a readout',
    imports: [],
    tests: [reference, wasm, testkit, dopri5],
  },
  dataset: {
    folder: 'packages/data',
    layer: 'dataset',
    example: 'the exclusive or of two coordinates',
    imports: ['packages/datasets'],
    tests: [testkit],
  },
};
