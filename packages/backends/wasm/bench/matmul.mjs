// Measures matrix products: `npx tsc -b packages/backends/wasm && node packages/backends/wasm/bench/matmul.mjs [name…]`.
// A product's time is the least of many rounds, each long enough for the clock; GFLOP/s count 2·m·n·k.
/* global WebAssembly, performance */
import { get } from '../dist/encoder/code.js';
import { ModuleBuilder } from '../dist/encoder/module.js';
import { emitMatmul, scratchBytes, storeTo } from '../dist/matmul/index.js';

/** [m, k, n, transposeA, transposeB] by the network that has them. */
const cases = {
  spiral: [
    [20, 2, 50],
    [20, 50, 2],
    [20, 2, 50, false, true],
    [50, 20, 2, true],
    [2, 20, 50, true],
    [20, 50, 2, false, true],
  ],
  'net 4-32-4': [
    [64, 4, 32],
    [64, 32, 4],
    [64, 4, 32, false, true],
    [32, 64, 4, true],
    [4, 64, 32, true],
    [64, 32, 4, false, true],
  ],
  'net 64-256-64': [
    [128, 64, 256],
    [128, 256, 64],
    [128, 64, 256, false, true],
    [256, 128, 64, true],
    [64, 128, 256, true],
    [128, 256, 64, false, true],
  ],
  vectors: [
    [1, 256, 256],
    [1, 256, 256, false, true],
    [256, 256, 1],
    [256, 256, 1, true],
    [256, 1, 256],
  ],
  narrow: [
    [512, 64, 2],
    [512, 64, 3],
    [512, 64, 2, true],
    [512, 64, 3, true],
    [3, 64, 512],
    [3, 64, 512, false, true],
    [32, 8, 32],
    [32, 16, 32],
    [100, 100, 100],
  ],
  large: [
    [512, 512, 512],
    [512, 512, 512, true],
    [512, 512, 512, false, true],
    [512, 512, 512, true, true],
  ],
};

function measure(dtype, [m, k, n, transposeA = false, transposeB = false]) {
  const spec = { dtype, m, n, k, transposeA, transposeB };
  const bytes = dtype === 'f32' ? 4 : 8;
  const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 65536 });
  const f = module.function('product', ['i32', 'i32', 'i32', 'i32'], []);
  emitMatmul(f, spec, { a: f.param(0), b: f.param(1), scratch: get(f.param(2)) }, storeTo(f, spec, f.param(3)));
  module.export(f);
  const addresses = [];
  let top = 64;
  for (const size of [m * k * bytes, k * n * bytes, scratchBytes(spec), m * n * bytes]) {
    addresses.push(top);
    top = Math.ceil((top + size) / 64) * 64 + 64;
  }
  const memory = new WebAssembly.Memory({ initial: Math.ceil(top / 65536), maximum: 65536 });
  const Floats = dtype === 'f32' ? Float32Array : Float64Array;
  new Floats(memory.buffer, 64, (addresses[2] - 64) / bytes).fill(1);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  const run = (count) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) exports.product(...addresses);
    return (performance.now() - start) / count;
  };
  const until = performance.now() + 300; // for the optimising compiler
  while (performance.now() < until) run(10);
  const count = Math.max(1, Math.ceil(0.5 / run(10)));
  let least = Infinity;
  for (let round = 0; round < 200; round++) least = Math.min(least, run(count));
  return { microseconds: least * 1000, gigaflops: (2 * m * n * k) / least / 1e6 };
}

const wanted = process.argv.slice(2);
for (const [name, products] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(name);
  for (const product of products) {
    const [m, k, n, transposeA, transposeB] = product;
    const what = `${m}x${k}${transposeA ? 'ᵀ' : ' '}·${k}x${n}${transposeB ? 'ᵀ' : ' '}`;
    const columns = ['f32', 'f64'].map((dtype) => {
      const { microseconds, gigaflops } = measure(dtype, product);
      return `${dtype} ${microseconds.toFixed(2).padStart(9)} µs ${gigaflops.toFixed(1).padStart(5)} GFLOP/s`;
    });
    console.log(`  ${what.padEnd(22)} ${columns.join('   ')}`);
  }
}
