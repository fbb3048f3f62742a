// Measures what threads save: `npx tsc -b packages/backends/wasm && node packages/backends/wasm/bench/threads.mjs [threads…]`, 2 unless told.
// Runs on one thread and on several take turns, some milliseconds of each; times are medians, and the least in brackets.
/* global performance, setTimeout */
import { array, compile, createOde, random, valueAndGrad } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { mlp } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { wasm } from '../dist/index.js';

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [2];
const backends = await Promise.all([1, ...counts].map((threads) => wasm({ threads })));

const rng = random(1);
const normal = (...shape) =>
  array(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
    { shape },
  );

/** [m, k, n] */
const products = [
  [64, 128, 64],
  [128, 64, 256],
  [128, 256, 64],
  [16, 1024, 1024],
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
];

const net = mlp({ sizes: [64, 256, 64] });
const params = net.init(rng);
/** The gradient of a solve of case 4 of the benchmarks: all in one run. */
const gradient = (backend) => {
  const ode = createOde({ backend, solver: dopri5(), gradient: adjoint(), rtol: 1e-5, atol: 1e-5 });
  return ode.compile((given, start) => {
    const loss = (p) =>
      ode
        .odeint((_t, y) => net.apply(p, y), start, [0, 1])
        .ys.square()
        .mean();
    return valueAndGrad(loss)(given).grad;
  });
};

const programs = [
  ...products.map(([m, k, n]) => ({
    name: `${m}×${k} · ${k}×${n}`,
    make: (backend) => compile(backend, (x, y) => x.matmul(y)),
    args: [normal(m, k), normal(k, n)],
  })),
  { name: 'gradient of 64-256-64 on 128, adjoint', make: gradient, args: [params, normal(128, 64)] },
];

/** What a run takes, in microseconds. */
async function once(run) {
  const start = performance.now();
  await run();
  return (performance.now() - start) * 1000;
}

const show = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], least: sorted[0] };
};

console.log(`threads: ${[1, ...counts].join(', ')}`);
for (const { name, make, args } of programs) {
  const runs = await Promise.all(
    backends.map(async (backend) => {
      const graph = make(backend).graph(...args);
      const executable = await backend.compile(graph);
      const inputs = await Promise.all(flat(args).map((arg) => backend.upload(arg)));
      return () => {
        for (const output of executable.runSync(inputs)) output.dispose();
      };
    }),
  );
  const guess = Math.min(
    ...(await Promise.all(runs.map(async (run) => (await once(run), await once(run), once(run))))),
  );
  const inTurn = Math.max(1, Math.floor(4000 / guess));
  const times = runs.map(() => []);
  for (let round = 0; round < 60; round++) {
    for (const [i, run] of runs.entries()) {
      for (let count = 0; count < inTurn; count++) times[i].push(await once(run));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const shown = times.map(show);
  const columns = shown.map(({ median, least }) => {
    const ratio = `${(shown[0].median / median).toFixed(2)}× [${(shown[0].least / least).toFixed(2)}×]`;
    return `${median.toFixed(0).padStart(7)} [${least.toFixed(0)}] µs ${ratio}`;
  });
  console.log(`  ${name.padEnd(40)} ${columns.join('   ')}`);
}
await Promise.all(backends.map((backend) => backend.dispose()));

/** Arrays of a tree, in the order of a program's inputs. */
function flat(tree) {
  if (tree.kind === 'array') return [tree];
  return Object.keys(tree)
    .toSorted()
    .flatMap((key) => flat(tree[key]));
}
