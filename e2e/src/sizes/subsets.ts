/** What users install, as sets of packages: what comes along, and how large it may be. */

/** A set of packages that is of use. */
export interface Subset {
  readonly name: string;
  /** What is asked for. */
  readonly packages: readonly string[];
  /** Packages of the registry that are asked for, with their versions. */
  readonly others?: Readonly<Record<string, string>>;
  /** What comes along; nothing else may. */
  readonly brings: readonly string[];
  /** Largest size of node_modules, in bytes of its files. */
  readonly budget: number;
  /** A program that the set must run beside the examples of its READMEs. */
  readonly program?: string;
}

const kB = 1000;
const MB = 1000 * kB;

const decay = (backend: string, solver: string, options: string): string => `
import { createOde } from '@node-ode/core';
import { ${backend} } from '@node-ode/backend-${backend}';
import { ${solver} } from '@node-ode/solver-${solver}';

const ode = createOde({ backend: await ${backend}(), solver: ${solver}(), ${options}, dtype: 'f64' });
const { ys } = await ode.solve((t, y) => y.neg(), 1, [0, 1]);
if (Math.abs(ys.data[1] - Math.exp(-1)) > 1e-6) throw new Error(String(ys.data[1]));
`;

const packages = (...names: readonly string[]): readonly string[] => names.map((name) => `@node-ode/${name}`);

/** The smallest set: an interpreter and one method. */
export const smallest: Subset = {
  name: 'core, rk4, reference',
  packages: packages('core', 'solver-rk4', 'backend-reference'),
  brings: [],
  budget: 3 * MB,
  program: decay('reference', 'rk4', 'h: 0.01'),
};

/** What the README begins with. */
export const usual: Subset = {
  name: 'core, dopri5, adjoint, wasm, nn',
  packages: packages('core', 'backend-wasm', 'solver-dopri5', 'gradient-adjoint', 'nn'),
  brings: [],
  budget: 5.5 * MB,
};

/** Export and ONNX Runtime's engine; the runtime itself is the user's to choose. */
export const onnx: Subset = {
  name: 'the same with onnx, without a runtime',
  packages: [...usual.packages, '@node-ode/backend-onnx'],
  brings: ['@bufbuild/protobuf', '@node-ode/host-driver'],
  budget: 10 * MB,
};

/** What onnxruntime-node needs to install itself. */
const onnxRuntime = [
  'adm-zip',
  'global-agent',
  'onnxruntime-common',
  'define-data-property',
  'define-properties',
  'es-define-property',
  'es-errors',
  'escape-string-regexp',
  'globalthis',
  'gopd',
  'has-property-descriptors',
  'matcher',
  'object-keys',
  'semver',
  'serialize-error',
  'type-fest',
];

/** What tfjs-core and its cpu backend need. */
const tfjsCore = [
  '@types/long',
  '@types/offscreencanvas',
  '@types/seedrandom',
  '@webgpu/types',
  'long',
  'node-fetch',
  'seedrandom',
  'tr46',
  'webidl-conversions',
  'whatwg-url',
];

/** What draws. */
const drawing = [
  '@resvg/resvg-wasm',
  'd3-array',
  'd3-color',
  'd3-format',
  'd3-interpolate',
  'd3-path',
  'd3-scale',
  'd3-scale-chromatic',
  'd3-shape',
  'd3-time',
  'd3-time-format',
  'dejavu-fonts-ttf',
  'fast-png',
  'fflate',
  'gifenc',
  'internmap',
  'iobuffer',
];

/** Arguments, configurations and tables of the command line. */
const shell = [
  'ajv',
  'ansi-regex',
  'cli-progress',
  'commander',
  'csv-parse',
  'csv-stringify',
  'emoji-regex',
  'fast-deep-equal',
  'fast-uri',
  'fastest-levenshtein',
  'import-meta-resolve',
  'is-fullwidth-code-point',
  'json-schema-traverse',
  'ohm-js',
  'papaparse',
  'require-from-string',
  'string-width',
  'strip-ansi',
  'yaml',
];

/** With the runtime for Node. */
export const onnxNode: Subset = {
  ...onnx,
  name: 'with onnx and onnxruntime-node',
  others: { 'onnxruntime-node': '1.30.0' },
  brings: [...onnx.brings, ...onnxRuntime],
  budget: 400 * MB,
};

/** TensorFlow.js on its own kernels. */
export const tfjs: Subset = {
  name: 'core, dopri5, adjoint, tfjs and its cpu backend',
  packages: packages('core', 'solver-dopri5', 'gradient-adjoint', 'backend-tfjs'),
  others: { '@tensorflow/tfjs-core': '4.22.0', '@tensorflow/tfjs-backend-cpu': '4.22.0' },
  brings: ['@node-ode/host-driver', ...tfjsCore],
  budget: 60 * MB,
};

/** Pictures. */
export const viz: Subset = {
  name: 'the usual, viz and datasets',
  packages: [...usual.packages, '@node-ode/viz', '@node-ode/datasets'],
  brings: [...drawing, 'papaparse'],
  budget: 30 * MB,
};

/** The command line with all that it needs. */
export const cli: Subset = {
  name: 'the command line',
  packages: packages('cli'),
  brings: [
    ...usual.packages,
    ...packages('datasets', 'gradient-backprop', 'model-anode', 'model-cnf', 'model-latent-ode', 'model-node'),
    ...packages('solver-rk4', 'solver-tsit5', 'train', 'viz'),
    ...drawing,
    ...shell,
  ],
  budget: 40 * MB,
};

/** In the order of docs/sizes.md. */
export const subsets: readonly Subset[] = [smallest, usual, onnx, onnxNode, tfjs, viz, cli];
