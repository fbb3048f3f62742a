/** Engines of ours that may not be installed: how to get them. Any other package that declares an engine is found as well. */

/** How an engine comes to a machine. */
export interface KnownEngine {
  /** As `--backend` takes it. */
  readonly name: string;
  /** Its package, by which it is known to be installed. */
  readonly package: string;
  /** What to run. */
  readonly install: string;
  /** What it is for. */
  readonly what: string;
}

const onnxPackages = '@node-ode/backend-onnx onnxruntime-node';
const tfjsPackages = '@node-ode/backend-tfjs @tensorflow/tfjs-core';

/** In the order in which they are told. */
export const knownEngines: readonly KnownEngine[] = [
  {
    name: 'wasm',
    package: '@node-ode/backend-wasm',
    install: 'npm install @node-ode/backend-wasm',
    what: 'WebAssembly: the usual choice',
  },
  {
    name: 'reference',
    package: '@node-ode/backend-reference',
    install: 'npm install @node-ode/backend-reference',
    what: 'plain TypeScript: what a graph means',
  },
  {
    name: 'onnx-cpu',
    package: '@node-ode/backend-onnx',
    install: `npm install ${onnxPackages}`,
    what: 'ONNX Runtime: large states',
  },
  {
    name: 'onnx-webgpu',
    package: '@node-ode/backend-onnx',
    install: `npm install ${onnxPackages}`,
    what: 'ONNX Runtime on a GPU through WebGPU',
  },
  {
    name: 'onnx-cuda',
    package: '@node-ode/backend-onnx',
    install: `ONNXRUNTIME_NODE_INSTALL=cuda12 npm install ${onnxPackages}`,
    what: 'ONNX Runtime on an NVIDIA GPU; CUDA 12 and cuDNN 9 beside it',
  },
  {
    name: 'tfjs-cpu',
    package: '@node-ode/backend-tfjs',
    install: `npm install ${tfjsPackages} @tensorflow/tfjs-backend-cpu`,
    what: 'TensorFlow.js in JavaScript',
  },
  {
    name: 'tfjs-wasm',
    package: '@node-ode/backend-tfjs',
    install: `npm install ${tfjsPackages} @tensorflow/tfjs-backend-wasm`,
    what: 'TensorFlow.js in WebAssembly',
  },
  {
    name: 'tfjs-webgpu',
    package: '@node-ode/backend-tfjs',
    install: `npm install ${tfjsPackages} @tensorflow/tfjs-backend-webgpu webgpu`,
    what: 'TensorFlow.js on a GPU through WebGPU',
  },
  {
    name: 'tfjs-node',
    package: '@node-ode/backend-tfjs',
    install: `npm install ${tfjsPackages} @tensorflow/tfjs-node`,
    what: 'TensorFlow’s library on the CPU',
  },
  {
    name: 'tfjs-node-gpu',
    package: '@node-ode/backend-tfjs',
    install: `npm install ${tfjsPackages} @tensorflow/tfjs-node-gpu`,
    what: 'TensorFlow’s library on an NVIDIA GPU',
  },
];
