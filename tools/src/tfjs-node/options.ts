/** The command line of `npm run tfjs-node`. */
import type { TfjsNodeBuild } from '@node-ode/e2e/tfjs-node';
import { parseOptions } from '@node-ode/scripts';
import type { Source } from './install.ts';

export interface Options {
  readonly build: TfjsNodeBuild;
  readonly source: Source;
  readonly help: boolean;
}

export const usage = `Usage: npm run tfjs-node -- [options]

Installs @tensorflow/tfjs-node beside the workspace: into the user's cache folder, or the one that
NODE_ODE_TFJS_NODE (NODE_ODE_TFJS_NODE_GPU) names. Nothing is done where it is installed.

  --gpu           the build for CUDA 11.2 and cuDNN 8.1
  --from-wheel    take libtensorflow from TensorFlow's Python wheel at once, without trying the
                  package's own installer first
  --wheel FILE    the wheel is here already
  --help          show this`;

const config = {
  gpu: { type: 'boolean', default: false },
  'from-wheel': { type: 'boolean', default: false },
  wheel: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** @throws OptionError for an option that is not known. */
export function parseCommand(args: readonly string[]): Options {
  const { gpu, 'from-wheel': isFromWheel, wheel, help } = parseOptions('npm run tfjs-node', args, config);
  const source: Source = wheel === undefined ? (isFromWheel ? 'wheel' : 'any') : { file: wheel };
  return { build: gpu ? 'tfjs-node-gpu' : 'tfjs-node', source, help };
}
