// Measures what threads save: `npx tsc -b packages/backends/wasm && node packages/backends/wasm/bench/threads.mjs [threads…]`, 2 unless told.
// Runs on one thread and on several take turns, a few milliseconds of each; a time is the least of many. Where there is `taskset`,
// each thread is kept to a processor of its own.
/* global performance, setTimeout */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { pid } from 'node:process';
import { array, compile, conv2d, random, valueAndGrad } from '@node-ode/core';
import { mlp } from '@node-ode/nn';
import { wasm } from '../dist/index.js';

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [2];
const backends = await Promise.all([1, ...counts].map((threads) => wasm({ threads })));

const rng = random(1);
const normal = (...shape) =>
  array(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
    { shape },
  );

const product = (m, k, n) => ({
  name: `${m}×${k} · ${k}×${n}`,
  program: (x, y) => x.matmul(y),
  args: [normal(m, k), normal(k, n)],
});

const net = mlp({ sizes: [64, 256, 64] });
const image = [normal(128, 64, 6, 6), normal(64, 64, 3, 3)];
const convolution = (x, w) => conv2d(x, w, { padding: 1 });

const cases = [
  product(64, 128, 64),
  product(128, 64, 256),
  product(128, 256, 64),
  product(16, 1024, 1024),
  product(256, 256, 256),
  product(512, 512, 512),
  product(1024, 1024, 1024),
  {
    name: 'network 64-256-64 on 128, and gradients',
    program: (params, x) => valueAndGrad((p) => net.apply(p.params, p.x).square().mean())({ params, x }).grad,
    args: [net.init(rng), normal(128, 64)],
  },
  { name: 'convolution 128×64×6×6, 3×3', program: convolution, args: image },
  {
    name: 'the same, and its gradients',
    program: (x, w) => valueAndGrad((p) => convolution(p.x, p.w).square().sum())({ x, w }).grad,
    args: image,
  },
];

console.log(`threads: ${[1, ...counts].join(', ')}`);
for (const { name, program, args } of cases) {
  const runs = await Promise.all(backends.map((backend) => prepare(backend, program, args)));
  const pinned = pin();
  for (const run of runs) for (let i = 0; i < 20; i++) run();
  const inTurn = Math.max(1, Math.min(25, Math.floor(2500 / timed(runs[0]))));
  const least = runs.map(() => Infinity);
  for (let round = 0; round < 300; round++) {
    for (const [i, run] of runs.entries()) {
      for (let count = 0; count < inTurn; count++) least[i] = Math.min(least[i], timed(run));
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
  }
  const columns = least.map((time) => `${time.toFixed(0).padStart(7)} µs ${(least[0] / time).toFixed(2)}×`);
  console.log(`  ${name.padEnd(42)}${columns.join('')}${pinned ? '' : '  (not pinned)'}`);
}
await Promise.all(backends.map((backend) => backend.dispose()));

/** A run of a program on arrays that stay where they are. */
async function prepare(backend, program, args) {
  const executable = await backend.compile(compile(backend, program).graph(...args));
  const inputs = await Promise.all(flat(args).map((arg) => backend.upload(arg)));
  return () => {
    for (const output of executable.runSync(inputs)) output.dispose();
  };
}

/** Arrays of a tree, in the order of a program's inputs. */
function flat(tree) {
  if (tree.kind === 'array') return [tree];
  return Object.keys(tree)
    .toSorted()
    .flatMap((key) => flat(tree[key]));
}

/** What a run takes, in microseconds. */
function timed(run) {
  const start = performance.now();
  run();
  return (performance.now() - start) * 1000;
}

/** Keeps the main thread to one processor, and the others away from it. */
function pin() {
  try {
    const keep = (thread, list) => execFileSync('taskset', ['-p', '-c', list, thread], { stdio: 'ignore' });
    const main = String(pid);
    for (const thread of readdirSync('/proc/self/task')) {
      keep(thread, thread === main ? '0' : `1-${Math.max(1, ...counts) - 1}`);
    }
    return true;
  } catch {
    return false;
  }
}
