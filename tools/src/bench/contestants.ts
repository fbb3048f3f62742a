/** Who takes part: this library's engines and its peers, each as a command that starts a worker. */
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTfjsNode } from '@node-ode/e2e/tfjs-node';

export const peerNames = ['torchdiffeq', 'diffrax', 'tfjs', 'jax-js'] as const;

export type PeerName = (typeof peerNames)[number];

/** How a process is started. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Contestant {
  /** As tables call it. */
  readonly name: string;
  /** The peer that it is; undefined for this library's engines. */
  readonly peer?: PeerName;
  /** The yardstick that it is. */
  readonly yardstick?: string;
  readonly threads: number;
  readonly command: Command;
  /** Takes part where it is faster than the contestant of this name with as many threads. */
  readonly ifFasterThan?: string;
  /** Why it can't take part on this machine. */
  readonly unfit?: string;
  /** Sits out where a round would take longer, in seconds. */
  readonly longestRound?: number;
}

/** Backends of tfjs that the solver by hand runs on; our engine on each is `tfjs-` and its name. */
export const tfjsBackends = ['cpu', 'wasm', 'node'] as const;

/** The solver by hand on one of them, as tables call it. */
export const tfjsByHand = (backend: (typeof tfjsBackends)[number]): string => `tfjs on ${backend}`;

/** The engine that reference answers come from. */
export const referenceEngine = 'reference';

/** The folder `tools`, from its `src` as from its `dist`. */
const tools = fileURLToPath(new URL('../../', import.meta.url));

/** Whether there is such a program: a path, or a name that the shell would find. */
const isInstalled = (program: string): boolean =>
  program.includes(sep)
    ? existsSync(program)
    : (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));

/** The processors that this process may use, by number; those of the machine where the system does not tell. */
export function allowedCpus(): readonly number[] {
  try {
    const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    return list.split(',').flatMap((range) => {
      const [first = NaN, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
  } catch {
    return cpus().map((_, i) => i);
  }
}

/** Whether processes can be kept to some processors. */
export const canPin = (): boolean => process.platform === 'linux' && isInstalled('taskset');

/** Keeps a command to as many processors as it has threads, where the system can. */
function pinned({ file, args, env = {} }: Command, threads: number): Command {
  // A program that is missing is for the system to report, not for taskset.
  if (!canPin() || !isInstalled(file)) return { file, args, env };
  const list = allowedCpus().slice(-threads).join(',');
  return { file: 'taskset', args: ['-c', list, file, ...args], env };
}

/** Engines of this library that can use several threads. */
const threadedEngines: readonly string[] = ['wasm'];

/** Seconds of a round beyond which peers and engines that may be slow sit out. */
const longestRound = 20;

const mayBeSlow = (engine: string): boolean => engine === referenceEngine || engine.startsWith('tfjs-');

/** This library on a backend. */
export const engine = (name: string, threads = 1, nodeOptions: readonly string[] = []): Contestant => ({
  name,
  threads,
  command: pinned(
    {
      file: process.execPath,
      args: [...nodeOptions, fileURLToPath(new URL('./ours/main.js', import.meta.url)), name, String(threads)],
      // TensorFlow's library takes the cores that it finds, and talks.
      env: { OMP_NUM_THREADS: String(threads), TF_CPP_MIN_LOG_LEVEL: '2' },
    },
    threads,
  ),
  ...(mayBeSlow(name) ? { longestRound } : {}),
});

/** A yardstick of an engine, as tables call it. */
export const yardstickName = (name: string, of: string): string => `${of}, ${name}`;

/**
 * Node's young generation where programs take turns, in megabytes. By default a collection comes about as often as a pair of runs and
 * takes a fifth of one: with this most pairs have none.
 */
const youngGeneration = 256;

/** A yardstick of an engine: the engine once more, in a process of its own, where both take turns. */
export const yardstick = (name: string, of: string): Contestant => ({
  ...engine(of, 1, [`--min-semi-space-size=${youngGeneration}`, `--max-semi-space-size=${youngGeneration}`]),
  name: yardstickName(name, of),
  yardstick: name,
});

function pythonPeer(peer: PeerName, python: string, threads: number, compiled = false): Contestant {
  const one = threads === 1;
  const count = String(threads);
  const args = ['-B', join(tools, 'bench', 'python', 'worker.py'), peer, '--threads', count];
  return {
    name: compiled ? `${peer}, f compiled` : peer,
    peer,
    threads,
    command: pinned(
      {
        file: python,
        args: compiled ? [...args, '--compile'] : args,
        env: {
          OMP_NUM_THREADS: count,
          MKL_NUM_THREADS: count,
          OPENBLAS_NUM_THREADS: count,
          JAX_PLATFORMS: 'cpu',
          CUDA_VISIBLE_DEVICES: '',
          ...(one ? { XLA_FLAGS: '--xla_cpu_multi_thread_eigen=false' } : {}),
        },
      },
      threads,
    ),
    ...(compiled ? { ifFasterThan: peer } : {}),
    longestRound,
  };
}

const scriptPeer = (
  peer: PeerName,
  name: string,
  args: readonly string[] = [],
  env: Command['env'] = {},
): Contestant => ({
  name,
  peer,
  threads: 1,
  command: pinned(
    { file: process.execPath, args: [join(tools, 'bench', 'javascript', 'worker.mjs'), peer, ...args], env },
    1,
  ),
  longestRound,
});

/** What the script has to know of a backend: where the one on TensorFlow's library is, if it is here. */
function placeOf(backend: (typeof tfjsBackends)[number]): Readonly<Record<string, string>> {
  const found = backend === 'node' ? findTfjsNode('tfjs-node') : undefined;
  return found === undefined || 'reason' in found ? {} : { NODE_ODE_TFJS_NODE_FOLDER: found.folder };
}

/** What takes part in a run, this library first. */
export interface Field {
  readonly backends: readonly string[];
  readonly peers: readonly PeerName[];
  readonly threads: readonly number[];
  readonly python: string;
}

/** The contestants that were asked for. */
export function contestantsOf({ backends, peers, threads, python }: Field): readonly Contestant[] {
  const peerContestants = (peer: PeerName): readonly Contestant[] => {
    switch (peer) {
      case 'torchdiffeq':
        // Compiling takes a while each time, and on more threads it has never helped.
        return threads.flatMap((n) => [
          pythonPeer(peer, python, n),
          ...(n === 1 ? [pythonPeer(peer, python, n, true)] : []),
        ]);
      case 'diffrax':
        return threads.map((n) => pythonPeer(peer, python, n));
      case 'tfjs':
        return tfjsBackends.map((backend) => scriptPeer(peer, tfjsByHand(backend), [backend], placeOf(backend)));
      case 'jax-js':
        return [scriptPeer(peer, peer)];
    }
  };
  // One thread is what everyone is compared with.
  const engines = backends.flatMap((name) =>
    [1, ...threads.filter((n) => n > 1 && threadedEngines.includes(name))].map((n) => engine(name, n)),
  );
  const cores = allowedCpus().length;
  const unfit = { unfit: `there ${cores === 1 ? 'is 1 core' : `are ${cores} cores`} here` };
  return [...engines, ...peers.flatMap(peerContestants)].map((contestant) =>
    contestant.threads > cores ? { ...contestant, ...unfit } : contestant,
  );
}
