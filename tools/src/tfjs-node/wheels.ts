/** TensorFlow's Python wheels that have the C library of tfjs-node's version, and what is taken out of them. */
import type { TfjsNodeBuild } from '@node-ode/e2e/tfjs-node';

/** The version of libtensorflow that tfjs-node 4.22.0 is made for. */
export const tensorflowVersion = '2.9.1';

/** A wheel, as the Python package index names it. */
export interface Wheel {
  readonly project: 'tensorflow-cpu' | 'tensorflow';
  readonly sha256: string;
  readonly megabytes: number;
  /** Disk that an installation from it takes while it is made. */
  readonly diskMegabytes: number;
}

/** `tensorflow` is the build for CUDA 11.2 and cuDNN 8.1. */
export const wheels: Readonly<Record<TfjsNodeBuild, Wheel>> = {
  'tfjs-node': {
    project: 'tensorflow-cpu',
    sha256: '6666ddeae45e1f41da788cb4bdea3435aba16edb0bc17b7ac00631c7c9eb052e',
    megabytes: 208,
    diskMegabytes: 1200,
  },
  'tfjs-node-gpu': {
    project: 'tensorflow',
    sha256: 'add2f4e55fd7209a5cb01d815364adc9827184d74a83c2f1616c72be2e85c8b7',
    megabytes: 512,
    diskMegabytes: 2000,
  },
};

/** What is taken: the C API is in the library of Python's module. Folders end in `/`. */
export const wanted = {
  library: 'tensorflow/python/_pywrap_tensorflow_internal.so',
  framework: 'tensorflow/libtensorflow_framework.so.2',
  headers: [
    'tensorflow/include/tensorflow/c/',
    'tensorflow/include/tensorflow/core/platform/ctstring.h',
    'tensorflow/include/tensorflow/core/platform/ctstring_internal.h',
  ],
} as const;
