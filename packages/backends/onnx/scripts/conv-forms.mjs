// Forms of convolutions and of their gradients on ONNX Runtime's CPU kernels, each timed beside one product of the same size. The
// forms that are taken are lowered as ever, the others are written out here. Prints a table: one thread, medians of the processor's
// time, which other processes change little, in interleaved runs. `node packages/backends/onnx/scripts/conv-forms.mjs`, with `--seconds 8` for each size.
import process, { argv } from 'node:process';
import * as runtime from 'onnxruntime-node';
import { close, load } from './source.mjs';

const seconds = argv.includes('--seconds') ? Number(argv[argv.indexOf('--seconds') + 1]) : 8;

/** N images C×H×H, O kernels of K×K, stride S; padding keeps the extents of stride 1. */
const sizes = [
  { n: 128, c: 64, o: 64, h: 6, k: 3, s: 1 },
  { n: 128, c: 65, o: 64, h: 6, k: 3, s: 1 },
  { n: 128, c: 64, o: 64, h: 6, k: 1, s: 1 },
  { n: 32, c: 16, o: 16, h: 28, k: 3, s: 1 },
  { n: 32, c: 64, o: 64, h: 14, k: 3, s: 1 },
  { n: 128, c: 64, o: 64, h: 13, k: 4, s: 2 },
  { n: 1, c: 64, o: 64, h: 28, k: 3, s: 1 },
];

const ints = (value) => ({ kind: 'ints', value });
const int = (value) => ({ kind: 'int', value });
const window = ({ k, s }) => ({ pads: ints(new Array(4).fill(k >> 1)), strides: ints([s, s]) });
const windowOfVolume = ({ k, s }) => ({ pads: ints([0, k >> 1, k >> 1, 0, k >> 1, k >> 1]), strides: ints([1, s, s]) });

/** Writes nodes. */
class Builder {
  nodes = [];
  initializers = [];

  emit(opType, inputs, attributes = {}) {
    const output = `v${this.nodes.length}`;
    this.nodes.push({ opType, inputs, outputs: [output], attributes, origin: 'conv' });
    return output;
  }
  ints(values) {
    const name = `c${this.initializers.length}`;
    const tensor = { elementType: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
    this.initializers.push({ name, tensor, origin: 'conv' });
    return name;
  }
  reshape(x, shape) {
    return this.emit('Reshape', [x, this.ints(shape)]);
  }
  transpose(x, perm) {
    return this.emit('Transpose', [x], { perm: ints(perm) });
  }
  /** [a, b, c, d] → [1, b, a, c, d] */
  volume(x, [a, b, ...rest]) {
    return this.reshape(this.transpose(x, [1, 0, 2, 3]), [1, b, a, ...rest]);
  }
  /** Each tap of the window as images of its own. */
  taps(x, { k, s, r }, axes, shape) {
    const p = k >> 1;
    const around = [0, 1, 2, 3].map((axis) => (axes.includes(axis) ? p : 0));
    const padded = this.emit('Pad', [x, this.ints([...around, ...around])]);
    return Array.from({ length: k * k }, (_, tap) => {
      const starts = [Math.floor(tap / k), tap % k];
      const ends = starts.map((start) => start + s * (r - 1) + 1);
      const lists = [starts, ends, axes, [s, s]].map((list) => this.ints(list));
      return this.reshape(this.emit('Slice', [padded, ...lists]), shape);
    });
  }
}

const forward = {
  'the batch as depth of a volume': (g, size) => {
    const { n, c, o, h, k, r } = size;
    const kernels = g.reshape('w', [o, c, 1, k, k]);
    const y = g.emit('Conv', [g.volume('x', [n, c, h, h]), kernels], windowOfVolume(size));
    return g.transpose(g.reshape(y, [o, n, r, r]), [1, 0, 2, 3]);
  },
  'unfolded, a product for each sample': (g, size) => {
    const { n, c, o, k, r } = size;
    const columns = g.emit('Concat', g.taps('x', size, [2, 3], [n, c, 1, r * r]), { axis: int(2) });
    const y = g.emit('MatMul', [g.reshape('w', [o, c * k * k]), g.reshape(columns, [n, c * k * k, r * r])]);
    return g.reshape(y, [n, o, r, r]);
  },
  'unfolded, channels last, one product': (g, size) => {
    const { n, c, o, k, r } = size;
    const taps = g.taps(g.transpose('x', [0, 2, 3, 1]), size, [1, 2], [n * r * r, c]);
    const weights = g.reshape(g.transpose('w', [2, 3, 1, 0]), [k * k * c, o]);
    const y = g.emit('Gemm', [g.emit('Concat', taps, { axis: int(1) }), weights]);
    return g.transpose(g.reshape(y, [n, r, r, o]), [0, 3, 1, 2]);
  },
};

/** The kernels turned by half a turn; for stride 1. */
const turned = (g) => {
  const lists = [
    [-1, -1],
    [-99, -99],
    [2, 3],
    [-1, -1],
  ].map((list) => g.ints(list));
  return g.emit('Slice', [g.transpose('w', [1, 0, 2, 3]), ...lists]);
};

const inputGradient = {
  'Conv with the kernels turned': (g, size) =>
    size.s === 1 ? g.emit('Conv', ['y', turned(g)], window(size)) : undefined,
  'the same, the batch as depth of a volume': (g, size) => {
    const { n, c, o, h, k, s, r } = size;
    if (s !== 1) return undefined;
    const x = g.emit(
      'Conv',
      [g.volume('y', [n, o, r, r]), g.reshape(turned(g), [c, o, 1, k, k])],
      windowOfVolume(size),
    );
    return g.transpose(g.reshape(x, [c, n, h, h]), [1, 0, 2, 3]);
  },
};

const kernelGradient = {
  'Conv, the batch as channels': (g, size) => {
    const { c, o, k, s } = size;
    const [x, y] = ['x', 'y'].map((name) => g.transpose(name, [1, 0, 2, 3]));
    const kernels = g.emit('Conv', [x, y], { pads: ints(new Array(4).fill(k >> 1)), dilations: ints([s, s]) });
    const lists = [
      [0, 0],
      [k, k],
      [2, 3],
    ].map((list) => g.ints(list));
    return g.reshape(g.transpose(g.emit('Slice', [kernels, ...lists]), [1, 0, 2, 3]), [o, c, k, k]);
  },
  'unfolded, channels last, one product': (g, size) => {
    const { n, c, o, k, r } = size;
    const taps = g.taps(g.transpose('x', [0, 2, 3, 1]), size, [1, 2], [n * r * r, c]);
    const ct = g.reshape(g.transpose('y', [0, 2, 3, 1]), [n * r * r, o]);
    const kernels = g.emit('Gemm', [ct, g.emit('Concat', taps, { axis: int(1) })], { transA: int(1) });
    return g.transpose(g.reshape(kernels, [o, k, k, c]), [0, 3, 1, 2]);
  },
};

/** The operands of each primitive, and the forms that were not taken. */
const primitives = {
  conv2d: { operands: ['x', 'w'], others: forward },
  conv2dInputGrad: { operands: ['y', 'w'], others: inputGradient },
  conv2dKernelGrad: { operands: ['x', 'y'], others: kernelGradient },
};

const random = (dims) => {
  const data = Float32Array.from({ length: dims.reduce((p, q) => p * q, 1) }, () => Math.random() - 0.5);
  return new runtime.Tensor('float32', data, dims);
};

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

try {
  const core = await load('@node-ode/core');
  const { encodeModel } = await load('/src/model/encode.ts');
  const { opset, irVersion } = await load('/src/model/ir.ts');
  const { emitModel } = await load('/src/lower/emit-model.ts');
  const { channelBlockOf } = await load('/src/runtime/channel-block.ts');
  const { checkOptions } = await load('/src/runtime/options.ts');
  const channelBlock = await channelBlockOf(runtime, checkOptions({}));
  const open = (model) =>
    runtime.InferenceSession.create(encodeModel(model).bytes, {
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
      extra: { session: { disable_prepacking: '1' } },
    });
  const info = (name, dims) => ({ name, elementType: 'float', dims });

  /** The forms of a primitive at a size, as sessions; feeds by the names of their inputs. */
  const formsOf = async (op, size, images) => {
    const { k, s, h } = size;
    const { operands, others } = primitives[op];
    const pad = [k >> 1, k >> 1];
    const window = { strides: [s, s], padBefore: pad, padAfter: pad, dilations: [1, 1], groups: 1 };
    const params = { conv2d: {}, conv2dInputGrad: { size: [h, h] }, conv2dKernelGrad: { size: [k, k] } }[op];
    const inputs = operands.map((name) => core.value(core.tensorType(images[name].dims, 'f32')));
    const application = { op, inputs, params: { ...window, ...params } };
    const outputs = core.inferTypes(application).map(core.value);
    const graph = { name: op, inputs, nodes: [{ ...application, outputs }], outputs };
    const lowered = (block) =>
      emitModel(graph, { provider: 'cpu', channelBlock: block, inputNames: operands, outputNames: ['r'] });
    const isBlocked = lowered(channelBlock).graph.nodes.some(({ domain }) => domain !== undefined);
    const feeds = Object.fromEntries(operands.map((name) => [name, images[name]]));
    const forms = [];
    const add = (form, session) => forms.push({ op, form, feeds, session, times: [] });
    add('plain', await open(lowered(0)));
    if (isBlocked) add('blocked', await open(lowered(channelBlock)));
    for (const [form, make] of Object.entries(others)) {
      const g = new Builder();
      const output = make(g, size);
      if (output === undefined) continue;
      const { nodes, initializers } = g;
      const written = {
        name: 'form',
        inputs: operands.map((name) => info(name, images[name].dims)),
        outputs: [info(output, ['a', 'b', 'c', 'd'])],
        nodes,
        initializers,
      };
      add(form, await open({ graph: written, opset, irVersion, metadata: {} }));
    }
    return forms;
  };

  /** One product of as many terms as the convolution has. */
  const productOf = async ({ c, o, k }, rows) => {
    const feeds = { a: random([rows, c * k * k]), b: random([c * k * k, o]) };
    const nodes = [{ opType: 'Gemm', inputs: ['a', 'b'], outputs: ['r'], attributes: {}, origin: '' }];
    const inputs = Object.entries(feeds).map(([name, { dims }]) => info(name, dims));
    const graph = { name: 'product', inputs, outputs: [info('r', [rows, o])], nodes, initializers: [] };
    return {
      op: 'product',
      form: 'Gemm',
      feeds,
      session: await open({ graph, opset, irVersion, metadata: {} }),
      times: [],
    };
  };

  /** @throws if a form gives something else than the first one of its primitive */
  const check = async (forms) => {
    const first = new Map();
    for (const { op, form, session, feeds } of forms) {
      const [{ data }] = Object.values(await session.run(feeds));
      const expected = first.get(op) ?? data;
      first.set(op, expected);
      const worst = data.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i])), 0);
      if (data.length !== expected.length || !(worst < 1e-2)) throw new Error(`${op}, ${form}: off by ${worst}`);
    }
  };

  for (const given of sizes) {
    const { n, c, o, h, k, s } = given;
    const size = { ...given, r: Math.floor((h + 2 * (k >> 1) - k) / s) + 1 };
    const images = { x: random([n, c, h, h]), w: random([o, c, k, k]), y: random([n, o, size.r, size.r]) };
    const forms = [await productOf(size, n * size.r * size.r)];
    for (const op of Object.keys(primitives)) forms.push(...(await formsOf(op, size, images)));
    await check(forms);
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      for (const { session, feeds, times } of forms) {
        const start = process.cpuUsage();
        await session.run(feeds);
        const { user, system } = process.cpuUsage(start);
        times.push((user + system) / 1000);
      }
    }
    const flop = 2 * n * size.r ** 2 * c * o * k * k;
    console.log(`\n${n}×${c}×${h}×${h}, ${o} kernels of ${k}×${k}, stride ${s}: ${(flop / 1e6).toFixed(0)} MFLOP`);
    for (const { op, form, times, session } of forms) {
      const ms = median(times);
      console.log(
        `${op.padEnd(17)} ${form.padEnd(41)} ${ms.toFixed(2).padStart(6)} ms ${(flop / ms / 1e6).toFixed(0).padStart(4)} GFLOP/s`,
      );
      await session.release();
    }
  }
} finally {
  await close();
}
