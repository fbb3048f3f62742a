// Measures convolutions beside matrix products of the same size: `npx tsc -b packages/backends/wasm && node
// packages/backends/wasm/bench/convolution.mjs [name…]`. The two take turns; GFLOP/s of the least times, and their ratio.
/* global WebAssembly, performance */
import {
  convolutionSpec,
  correlationScratch,
  emitConvolution,
  emitConvolutionKernelGrad,
  kernelGradScratch,
} from '../dist/convolution/index.js';
import { get, op, i32 } from '../dist/encoder/code.js';
import { ModuleBuilder } from '../dist/encoder/module.js';
import { emitMatmul, scratchBytes, storeTo } from '../dist/matmul/index.js';
import { storePart, vectorType } from '../dist/matmul/vector.js';

const one = [1, 1];
/** [samples, inputs, outputs, image, kernel, options] */
const cases = {
  'block 6×6': [128, 64, 64, 6, 3, { pad: 1 }],
  'block 6×6, with time': [128, 65, 64, 6, 3, { pad: 1 }],
  '28×28': [32, 16, 16, 28, 3, { pad: 1 }],
  '14×14': [32, 64, 64, 14, 3, { pad: 1 }],
  'one sample': [1, 64, 64, 6, 3, { pad: 1 }],
  '1×1': [128, 64, 64, 6, 1, {}],
  '1×1, 28×28': [32, 16, 32, 28, 1, {}],
  'down 4×4/2': [128, 64, 64, 13, 4, { pad: 1, stride: 2 }],
  'down 1×1/2': [128, 64, 64, 13, 1, { stride: 2 }],
  first: [128, 1, 64, 28, 3, {}],
  'to one channel': [32, 64, 1, 28, 3, { pad: 1 }],
  '5×5': [16, 32, 32, 16, 5, { pad: 2 }],
  depthwise: [32, 64, 64, 14, 3, { pad: 1, groups: 64 }],
  'depthwise 5×5': [32, 64, 64, 14, 5, { pad: 2, groups: 64 }],
  'four groups': [32, 64, 64, 14, 3, { pad: 1, groups: 4 }],
};

const floatBytes = { f32: 4, f64: 8 };

function specFor(dtype, [samples, inputs, outputs, extent, window, { pad = 0, stride = 1, groups = 1 }]) {
  const out = Math.floor((extent + 2 * pad - window) / stride) + 1;
  const shapes = {
    x: [samples, inputs, extent, extent],
    kernel: [outputs, inputs / groups, window, window],
    y: [samples, outputs, out, out],
  };
  const params = { groups, strides: [stride, stride], padBefore: [pad, pad], padAfter: [pad, pad], dilations: one };
  return convolutionSpec(dtype, shapes, params);
}

const count = (shape) => shape.reduce((product, extent) => product * extent, 1);

/** A plain store of an image [channels, height, width] of results. */
function sinkTo(f, dtype, [channels, height, width], target) {
  const type = vectorType(dtype);
  const { bytes } = type;
  const address = f.local('i32');
  return {
    takesImages: true,
    line: ({ sample, channel, line = i32(0) }) => {
      const image = op('i32.add', op('i32.mul', sample, i32(channels)), channel);
      const row = op('i32.add', op('i32.mul', image, i32(height)), line);
      const start = f.keep('i32', op('i32.add', get(target), op('i32.mul', row, i32(width * bytes))));
      return (value, column, lanes) => {
        f.emit(op('i32.add', get(start), op('i32.mul', column, i32(bytes)))).set(address);
        storePart(f, type, address, value, lanes);
      };
    },
  };
}

/** Seconds of the processor: what others do meanwhile does not count. */
const clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Runs that take turns; the least time of each, in seconds. */
function race(runs) {
  for (const run of runs) {
    const until = performance.now() + 250; // for the optimising compiler
    while (performance.now() < until) run();
  }
  const least = runs.map(() => Infinity);
  const until = performance.now() + 2500;
  while (performance.now() < until) {
    runs.forEach((run, i) => {
      const start = clock();
      run();
      least[i] = Math.min(least[i], clock() - start);
    });
  }
  return least;
}

function instance(write, sizes) {
  const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 65536 });
  const f = module.function(
    'run',
    sizes.map(() => 'i32'),
    [],
  );
  write(f);
  module.export(f);
  let top = 64;
  const addresses = sizes.map((size) => {
    const start = top;
    top = Math.ceil((top + size) / 64) * 64 + 64;
    return start;
  });
  const memory = new WebAssembly.Memory({ initial: Math.ceil(top / 65536) + 1, maximum: 65536 });
  const bytes = module.encode();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return { run: () => exports.run(...addresses), code: bytes.length, scratch: sizes[2] };
}

function convolution(dtype, spec, form) {
  const { samples, groups, inputs, outputs, image, result, kernel } = spec;
  const unit = floatBytes[dtype];
  const isInputGrad = form === 'input gradient';
  const [x, k, y] = [
    [samples, groups * inputs, ...image],
    [groups * outputs, inputs, ...kernel],
    [samples, groups * outputs, ...result],
  ];
  if (form === 'kernel gradient') {
    const sizes = [count(x) * unit, count(y) * unit, kernelGradScratch(spec), count(k) * unit];
    return instance((f) => {
      const operands = { x: f.param(0), ct: f.param(1), scratch: get(f.param(2)), target: f.param(3) };
      emitConvolutionKernelGrad(f, spec, operands);
    }, sizes);
  }
  const [source, target] = isInputGrad ? [y, x] : [x, y];
  const sizes = [count(source) * unit, count(k) * unit, correlationScratch(spec, isInputGrad), count(target) * unit];
  return instance((f) => {
    const operands = { source: f.param(0), kernel: f.param(1), scratch: get(f.param(2)) };
    emitConvolution(f, spec, isInputGrad, operands, sinkTo(f, dtype, target.slice(1), f.param(3)));
  }, sizes);
}

function product(dtype, { samples, groups, inputs, outputs, kernel, result }) {
  const [m, k, n] = [samples * result[0] * result[1], inputs * kernel[0] * kernel[1], groups * outputs];
  const spec = { dtype, m, n, k, transposeA: false, transposeB: false };
  const unit = floatBytes[dtype];
  const sizes = [m * k * unit, k * n * unit, scratchBytes(spec), m * n * unit];
  return instance((f) => {
    emitMatmul(f, spec, { a: f.param(0), b: f.param(1), scratch: get(f.param(2)) }, storeTo(f, spec, f.param(3)));
  }, sizes);
}

const forms = ['convolution', 'input gradient', 'kernel gradient'];
const wanted = process.argv.slice(2);
for (const [name, shape] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.some((part) => name.startsWith(part))) continue;
  for (const dtype of ['f32', 'f64']) {
    const spec = specFor(dtype, shape);
    const { samples, groups, inputs, outputs, kernel, result } = spec;
    const flops = 2 * samples * groups * inputs * outputs * kernel[0] * kernel[1] * result[0] * result[1];
    const runs = [product(dtype, spec), ...forms.map((form) => convolution(dtype, spec, form))];
    const times = race(runs.map(({ run }) => run));
    const speeds = times.map((time) => flops / time / 1e9);
    const text = forms.map((form, i) => {
      const { code, scratch } = runs[i + 1];
      const ratio = (speeds[i + 1] / speeds[0]).toFixed(2);
      return `${form} ${(times[i + 1] * 1e3).toFixed(3)} ms ${speeds[i + 1].toFixed(1)} (${ratio}) ${(scratch / 1024).toFixed(0)}K+${(code / 1024).toFixed(1)}K`;
    });
    console.log(`${name.padEnd(22)} ${dtype} product ${speeds[0].toFixed(1)}  ${text.join('  ')}`);
  }
}
