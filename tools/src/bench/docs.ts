/** Writes docs/benchmarks.md: how it is measured, and what came of it. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const target = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));

const introduction = `# Benchmarks

Written by \`npm run bench -- --docs\`; never edited by hand. The runner and the cases are in \`tools/src/bench\`, the peers' scripts in \`tools/bench\`.

## How it is measured

- **One problem.** The runner makes weights, initial states, times and batches once, from fixed seeds, and sends them to everyone. All numbers are f32; all solve by dopri5 with the same tolerances.
- **Right answers alone.** Each answer is compared with one of the reference engine in f64 at tolerances a thousandth as large. *error* is the largest difference, in units of atol + rtol·max|reference|; an answer beyond the case's bound gets no time. Global errors may exceed the tolerance, which is one of each step.
- **Processes.** Each contestant is a process of its own for each case, and alone while it runs. On Linux it is kept by \`taskset\` to as many cores as it has threads, so that one thread is one core for everyone, garbage collectors and compilers included; besides, PyTorch gets \`set_num_threads\`, OpenMP and MKL their variables, and XLA its flag.
- **Rounds.** After a warm-up everyone runs for about a second, once at least, in turn, and again, for several rounds. Where a run takes more than ten seconds, the two runs before it are warm-up enough. *ms* is the median over rounds of the median within a round, *spread* the smallest and the largest of the rounds. *factor* is how many times as long as \`wasm\` it took (as the first engine of ours where \`wasm\` has no figures): the median over rounds of the quotients.
- **Yardsticks.** Where an engine is held to what another program of its own takes, that program has a process of its own, a right answer and its turn in each round, as everyone has. In that process the engine runs as well: one unit of the yardstick, one of the engine, and so on, for about three seconds each; each begins as often. So both have the same kernels, the same state of the compiler, and a machine as fast for the one as for the other. The ratio of a round is the median of the quotients of neighbouring runs, the *ratio* of a target the median over rounds, its *spread* the smallest and the largest. It is that median because it repeats best. Garbage is kept from deciding it: in that process Node's young generation is larger (256 MB), so that most pairs have no collection (by default one comes about as often as a pair of runs, takes a fifth of one, and falls for seconds on the same one of the two), and a run ends when the event loop has turned, which is when Node collects. Ratios of rounds of two seconds then have a standard deviation of 1 to 2 % (8 % without) within a process; from one process to the next, which compiles the same code otherwise and has its memory elsewhere, they differ by up to 5 %, so each round has another process, which is warmed up for three times as long (what runs once in a run takes longest to be compiled). So the ratio is one of computing, not of collecting; an engine on tfjs leaves some 5 % more garbage than its kernel calls alone (measured in cases 1 and 2). Had the two a process each, rounds of the same thing would differ by half. The engine's row in the table is that of its own process, where nothing takes turns with it.
- **Compiling apart.** *compile ms* is the time of the first run less that of the second: tracing, compiling, loading. A run ends when its result can be read on the host.
- **Steps.** Libraries take different numbers of steps for the same tolerance. *steps* are those of the forward solve, rejected ones included; *NFE* evaluations of f, forward + backward, a question mark where the library does not tell. diffrax counts steps; its evaluations are computed from them. For training they are those of the first step.
- **Peers.** torchdiffeq on PyTorch, eager, and on one thread with \`torch.compile\` of f as well, where that is faster; diffrax on JAX, under \`jit\`: gradients by \`RecursiveCheckpointAdjoint\` (backprop) and \`BacksolveAdjoint\` (adjoint). In JavaScript there is no such library: \`tfjs on …\` and \`jax-js\` are dopri5 written by hand on backends of TensorFlow.js (each operation of tfjs as a user would call it, in \`tf.tidy\`) and on \`@jax-js/jax\`, forward solves alone.
- **Kernel calls alone.** What loops, scalars and decisions add to an engine on tfjs: *kernel calls alone* are the calls that a run made of kernels, tfjs's and our own, written down once and made again in a plain loop, with the same operands, attributes and disposals, without uploads, and without reads but the result's. What is read in the end has to be the same bit for bit. The ratio of the engine to it is the overhead: 1.1× is 10 %. What is left of the engine when both run in one process is the scheduler's work, uploads and reads included.
- **Memory.** Resident size as Linux counts it, its peak reset before the gradient is computed (\`/proc/self/clear_refs\`); a few MiB are noise.

\`python3 -m pip install -r tools/bench/requirements.txt\` installs the peers in Python; \`npm ci\` those in JavaScript.`;

/** Writes the page; tells what it wrote. */
export async function writeDocs(report: string): Promise<string> {
  const text = await format(`${introduction}\n\n${report}`, { ...(await resolveConfig(target)), parser: 'markdown' });
  await writeFile(target, text);
  return target;
}
