// Compares this package's code with what Binaryen makes of it: `npm install --no-save binaryen && npx tsc -b packages/backends/wasm
// && node packages/backends/wasm/bench/encoder.mjs`. The program is the whole adjoint training step of the cubic spiral.
/* global WebAssembly, performance */
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { array, createOde, random, valueAndGrad } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { applyGradients, mlp, mse, rmsprop, trainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { nativeComposites, planGraph } from '../dist/compile/index.js';

const tracer = { name: 'wasm', capabilities: { dtypes: ['f32', 'f64', 'i32', 'bool'], composites: nativeComposites } };
const net = mlp({ sizes: [2, 50, 2] });
const optimizer = rmsprop({ learningRate: 1e-3 });
const ode = createOde({ backend: tracer, solver: dopri5(), gradient: adjoint(), rtol: 1e-7, atol: 1e-9 });
const times = Array.from({ length: 10 }, (_, i) => i / 40);
const step = ode.compile((state, y0, ys) => {
  const loss = (params) => mse(ode.odeint((_t, y) => net.apply(params, y.mul(y).mul(y)), y0, times).ys, ys);
  const { value, grad } = valueAndGrad(loss)(state.params);
  return { state: applyGradients(optimizer, state, grad), loss: value };
});
const rng = random(1);
const normal = (...shape) =>
  array(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
    { shape },
  );
const graph = step.graph(trainState(optimizer, net.init(rng)), normal(20, 2), normal(10, 20, 2));

const timed = (compute) => {
  const start = performance.now();
  const value = compute();
  return { value, ms: performance.now() - start };
};

const arena = 1024;
const plan = timed(() => planGraph(graph));
const emitted = timed(() => plan.value.emit(arena));
const { value: code } = emitted;

const require = createRequire(import.meta.url);
const loading = performance.now();
const binaryen = await (await import('binaryen')).default;
const loadMs = performance.now() - loading;
const optimised = [1, 2, 3].map((level) => {
  const { value: bytes, ms } = timed(() => {
    const module = binaryen.readBinary(code.bytes, binaryen._BinaryenFeatureAll());
    binaryen.setOptimizeLevel(level);
    binaryen.setShrinkLevel(0);
    module.optimize();
    return module.emitBinary();
  });
  return { name: `binaryen -O${level}`, bytes, ms };
});

/** The module's run(), on random inputs. */
async function load(bytes) {
  const start = performance.now();
  const compiled = await WebAssembly.compile(bytes);
  const compileMs = performance.now() - start;
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
  const { exports } = await WebAssembly.instantiate(compiled, { env: { memory } });
  for (const { address, bytes: data } of code.data) new Uint8Array(memory.buffer).set(data, address);
  let top = arena + plan.value.arenaBytes;
  const words = new Int32Array(memory.buffer);
  const floats = new Float32Array(memory.buffer);
  const place = ({ type: { shape } }, fill) => {
    const address = top;
    const size = shape.reduce((a, b) => a * b, 1);
    for (let i = 0; i < size; i++) floats[address / 4 + i] = fill();
    top += 16 * Math.ceil((4 * size) / 16) + 16;
    return address;
  };
  const draw = random(2);
  graph.inputs.forEach(
    (input, i) =>
      (words[code.inputs[i] / 4] = place(input, () =>
        input.type.dtype === 'i32' ? 0 : 0.3 * Math.abs(draw.normal()),
      )),
  );
  graph.outputs.forEach((output, i) => (words[code.outputs[i] / 4] = place(output, () => 0)));
  exports.tapeTop.value = 16 * Math.ceil(top / 16);
  return { compileMs, run: exports.run };
}

const contestants = await Promise.all(
  [{ name: 'as written', bytes: code.bytes, ms: 0 }, ...optimised].map(async (c) => ({
    ...c,
    ...(await load(c.bytes)),
    runs: [],
  })),
);
for (let round = 0; round < 60; round++) {
  for (const c of contestants) {
    const { ms } = timed(() => {
      for (let i = 0; i < 20; i++) c.run();
    });
    c.runs.push(ms / 20);
  }
}
const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];
console.log(`plan ${plan.ms.toFixed(0)} ms, write ${emitted.ms.toFixed(0)} ms (first time in the process)`);
for (const { name, bytes, ms, compileMs, runs } of contestants) {
  console.log(
    `${name.padEnd(13)} ${String(bytes.length).padStart(6)} bytes, optimised in ${ms.toFixed(0).padStart(4)} ms, WebAssembly.compile ${compileMs.toFixed(0)} ms, run ${(1e3 * median(runs.slice(20))).toFixed(0)} µs`,
  );
}
const file = require.resolve('binaryen');
console.log(
  `binaryen: loads in ${loadMs.toFixed(0)} ms, ${(readFileSync(file).length / 2 ** 20).toFixed(1)} MiB, ${(gzipSync(readFileSync(file)).length / 2 ** 20).toFixed(1)} MiB gzipped`,
);
