/** What a machine must have before anything is downloaded: each thing that is missing is told in one paragraph. */
import { statfs } from 'node:fs/promises';
import { ExecutionError, UnsupportedError } from '@node-ode/core';
import { run } from './run.ts';

/** The newest Node that tfjs-node 4.22.0 works on: it calls `util.isNullOrUndefined`, which Node 23 no longer has. */
const newestNode = 22;

export interface System {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** `20.20.2`. */
  readonly node: string;
}

const thisSystem = (): System => ({
  platform: process.platform,
  arch: process.arch,
  node: process.versions.node,
});

/** @throws UnsupportedError on systems other than Linux on x64, saying what works there, and on a Node that tfjs-node fails on. */
export function demandSystem({ platform, arch, node }: System = thisSystem()): void {
  if (platform !== 'linux' || arch !== 'x64') {
    throw new UnsupportedError('tfjs-node', `this system is ${platform} on ${arch}`, {
      expected: 'linux on x64, which TensorFlow 2.9.1 is taken from a Python wheel for',
      advice:
        'Here `npm install --no-save @tensorflow/tfjs-node@4.22.0` works where its installer reaches its downloads.',
    });
  }
  if (Number(node.split('.', 1)[0]) > newestNode) {
    throw new UnsupportedError('tfjs-node', `this is Node ${node}`, {
      expected: `Node 20 to ${newestNode}: tfjs-node 4.22.0 calls util.isNullOrUndefined, which Node 23 removed`,
      advice: `Run this with Node ${newestNode}.`,
    });
  }
}

/** What the library and the addon are compiled with, and the packages of Debian that have them. */
const tools = [
  { command: 'g++', args: ['--version'], from: 'g++' },
  { command: 'make', args: ['--version'], from: 'make' },
  { command: 'nm', args: ['--version'], from: 'binutils' },
  { command: 'python3', args: ['-m', 'pip', '--version'], from: 'python3-pip' },
] as const;

/** @throws ExecutionError naming every program that is missing. */
export async function demandTools(path = process.env['PATH'] ?? ''): Promise<void> {
  const missing: (typeof tools)[number][] = [];
  for (const tool of tools) {
    await run(tool.command, tool.args, { env: { PATH: path } }).catch(() => missing.push(tool));
  }
  if (missing.length === 0) return;
  const names = missing.map(({ command, args }) => [command, ...args.slice(0, -1)].join(' ')).join(', ');
  const packages = missing.map(({ from }) => from).join(' ');
  throw new ExecutionError('tfjs-node', `${names} cannot be run`, {
    expected: 'a C++ compiler, make, binutils and Python 3 with pip, to build the addon from its sources',
    advice: `On Debian: apt-get install ${packages}.`,
  });
}

/** @throws ExecutionError if the disk under a folder has less room than that. */
export async function demandDisk(folder: string, megabytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / 1e6);
  if (free >= megabytes) return;
  throw new ExecutionError('tfjs-node', `the disk of ${folder} has ${free} MB left`, {
    expected: `${megabytes} MB while the installation is made`,
    advice:
      'Make room, or name a folder on another disk by NODE_ODE_TFJS_NODE (NODE_ODE_TFJS_NODE_GPU for the CUDA build).',
  });
}
