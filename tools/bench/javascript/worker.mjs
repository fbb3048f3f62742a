// A worker of the benchmark runner: `node worker.mjs PEER [BACKEND]`. Speaks tools/src/bench/protocol.ts. Forward solves alone.
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { solve } from './dopri5.mjs';

const peers = { tfjs: './tfjs.mjs', 'jax-js': './jax-js.mjs' };

// Replies are the only lines of stdout; what a library prints goes to stderr.
console.log = console.info = console.error;

/** Why the hand-written solve is not for this problem; undefined if it is. */
function complaint({ dtype, dynamics, task }) {
  if (dtype !== 'f32') return `no ${dtype}`;
  if (dynamics.kind !== 'mlp') return `our script has no dynamics '${dynamics.kind}'`;
  if (task.kind !== 'solve') return 'our script is a forward solve, without gradients';
  return task.ts.length === 2 ? undefined : 'our script solves to one time';
}

function timed(work) {
  const started = performance.now();
  work();
  return performance.now() - started;
}

async function prepare(name, backend, problem) {
  const reason = complaint(problem);
  if (reason !== undefined) return { unsupported: reason };
  let peer;
  try {
    const module = await import(peers[name]);
    peer = backend === undefined ? module : await module.peerOf(backend);
  } catch (error) {
    return { unavailable: error.message };
  }
  const engine = await peer.engineOf(problem);
  const { ts } = problem.task;
  run = () => {
    const { y, nfe, steps } = solve(engine, ts, problem.maxSteps);
    const ys = Array.from(engine.read(y));
    engine.free(y);
    return { answer: { ys }, counts: { nfe, nfeBackward: 0, steps } };
  };
  const [firstMs, runMs] = [timed(run), timed(run)];
  const versions = { node: process.versions.node, ...peer.versions() };
  return { prepared: { ...run(), compileMs: Math.max(0, firstMs - runMs), runMs, versions } };
}

function round({ seconds }) {
  const started = performance.now();
  const times = [];
  do times.push(timed(run));
  while (performance.now() - started < seconds * 1000);
  return { times };
}

let run;

async function reply(request) {
  if ('prepare' in request) return prepare(process.argv[2], process.argv[3], request.prepare);
  if ('round' in request) return round(request.round);
  return { unsupported: 'our script is a forward solve' };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answered = await reply(JSON.parse(line)).catch((error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(answered)}\n`);
}
