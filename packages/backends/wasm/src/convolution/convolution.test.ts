import { describe, expect, it } from 'vitest';
import { get, i32, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { ModuleBuilder } from '../encoder/module.ts';
import { storePart, vectorType } from '../matmul/vector.ts';
import {
  correlationScratch,
  emitConvolution,
  emitConvolutionKernelGrad,
  kernelGradScratch,
  type ConvolutionSpec,
  type Sink,
} from './index.ts';

type Floats = Float32Array | Float64Array;
type Pair = ConvolutionSpec['strides'];

const imported = { module: 'env', name: 'memory', initial: 1, maximum: 65536 };

const floatsOf = { f32: Float32Array, f64: Float64Array };

/** Numbers in [−1, 1], the same in every run. */
function randoms(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

interface Sizes {
  readonly samples?: number;
  readonly groups?: number;
  readonly inputs?: number;
  readonly outputs?: number;
  readonly image: Pair;
  readonly kernel?: Pair;
  readonly strides?: Pair;
  readonly padBefore?: Pair;
  readonly padAfter?: Pair;
  readonly dilations?: Pair;
}

function specOf(dtype: 'f32' | 'f64', sizes: Sizes): ConvolutionSpec {
  const { samples = 1, groups = 1, inputs = 1, outputs = 1, image, kernel = [1, 1], strides = [1, 1] } = sizes;
  const { padBefore = [0, 0], padAfter = padBefore, dilations = [1, 1] } = sizes;
  const result = [0, 1].map((axis) => {
    const room = padBefore[axis]! + image[axis]! + padAfter[axis]! - dilations[axis]! * (kernel[axis]! - 1) - 1;
    return Math.floor(room / strides[axis]!) + 1;
  }) as [number, number];
  return { dtype, samples, groups, inputs, outputs, image, kernel, result, strides, padBefore, dilations };
}

const label = (spec: ConvolutionSpec): string => JSON.stringify(spec);

const imageSize = ({ samples, groups, inputs, image }: ConvolutionSpec): number =>
  samples * groups * inputs * image[0] * image[1];
const kernelSize = ({ groups, inputs, outputs, kernel }: ConvolutionSpec): number =>
  groups * outputs * inputs * kernel[0] * kernel[1];
const resultSize = ({ samples, groups, outputs, result }: ConvolutionSpec): number =>
  samples * groups * outputs * result[0] * result[1];

/** Every product of the trilinear form, by the indices of its three factors. */
function eachTerm(spec: ConvolutionSpec, visit: (x: number, kernel: number, y: number) => void): void {
  const { samples, groups, inputs, outputs, image, kernel, result, strides, padBefore, dilations } = spec;
  for (let n = 0; n < samples; n++)
    for (let g = 0; g < groups; g++)
      for (let o = 0; o < outputs; o++)
        for (let a = 0; a < result[0]; a++)
          for (let b = 0; b < result[1]; b++)
            for (let c = 0; c < inputs; c++)
              for (let i = 0; i < kernel[0]; i++)
                for (let j = 0; j < kernel[1]; j++) {
                  const h = a * strides[0] + i * dilations[0] - padBefore[0];
                  const w = b * strides[1] + j * dilations[1] - padBefore[1];
                  if (h < 0 || w < 0 || h >= image[0] || w >= image[1]) continue;
                  visit(
                    (((n * groups + g) * inputs + c) * image[0] + h) * image[1] + w,
                    (((g * outputs + o) * inputs + c) * kernel[0] + i) * kernel[1] + j,
                    (((n * groups + g) * outputs + o) * result[0] + a) * result[1] + b,
                  );
                }
}

/** A store of plain results to a dense tensor at `target`, which counts how often each element is delivered, in i32 at `counts`. */
function counting(
  f: FunctionBuilder,
  { dtype }: ConvolutionSpec,
  [channels, height, width]: readonly [number, number, number],
  takesImages: boolean,
  { target, counts }: Readonly<Record<'target' | 'counts', Local>>,
): Sink {
  const type = vectorType(dtype);
  const address = f.local('i32');
  return {
    takesImages,
    line: ({ sample, channel, line = i32(0) }) => {
      const image = op('i32.add', op('i32.mul', sample, i32(channels)), channel);
      const first = f.keep('i32', op('i32.mul', op('i32.add', op('i32.mul', image, i32(height)), line), i32(width)));
      return (value, column, count) => {
        const element = op('i32.add', get(first), column);
        f.emit(op('i32.add', get(target), op('i32.mul', element, i32(type.bytes)))).set(address);
        storePart(f, type, address, value, count);
        f.emit(op('i32.add', get(counts), op('i32.mul', element, i32(4)))).set(address);
        for (let lane = 0; lane < count; lane++) {
          f.get(address).get(address);
          f.memory('i32.load', 4 * lane)
            .i32(1)
            .op('i32.add')
            .memory('i32.store', 4 * lane);
        }
      };
    },
  };
}

/** Bytes that may be read after a tensor's end. */
const slack = 64;

/** Which of the three tensors is computed from the others. */
type Form = 'convolution' | 'input gradient' | 'kernel gradient';

/** The form as code of (left, right, scratch, target, counts), and the tensors that it reads and makes: x, kernel or y. */
interface Program {
  readonly operands: readonly [0 | 1 | 2, 0 | 1 | 2];
  readonly target: 0 | 1 | 2;
  readonly scratch: number;
  /** How often it delivers each element; 0 if it writes them itself. */
  readonly deliveries: number;
  readonly write: (f: FunctionBuilder) => void;
}

function programOf(spec: ConvolutionSpec, form: Form): Program {
  if (form === 'kernel gradient') {
    return {
      operands: [0, 2],
      target: 1,
      scratch: kernelGradScratch(spec),
      deliveries: 0,
      write: (f) => {
        const operands = { x: f.param(0), ct: f.param(1), scratch: get(f.param(2)), target: f.param(3) };
        emitConvolutionKernelGrad(f, spec, operands);
      },
    };
  }
  const isInputGrad = form === 'input gradient';
  const image = isInputGrad
    ? ([spec.groups * spec.inputs, ...spec.image] as const)
    : ([spec.groups * spec.outputs, ...spec.result] as const);
  return {
    operands: isInputGrad ? [2, 1] : [0, 1],
    target: isInputGrad ? 0 : 2,
    scratch: correlationScratch(spec, isInputGrad),
    deliveries: 2,
    write: (f) => {
      for (const takesImages of [false, true]) {
        const sink = counting(f, spec, image, takesImages, { target: f.param(3), counts: f.param(4) });
        const operands = { source: f.param(0), kernel: f.param(1), scratch: get(f.param(2)) };
        emitConvolution(f, spec, isInputGrad, operands, sink);
      }
    },
  };
}

/**
 * Runs a program between regions of NaN: what is read too far shows in a result, or traps if it is after the first operand,
 * which ends where memory does; what is written too far is found.
 */
function check(spec: ConvolutionSpec, form: Form): void {
  const { dtype } = spec;
  const { operands, target, scratch, deliveries, write } = programOf(spec, form);
  const module = new ModuleBuilder(imported);
  const f = module.function('f', ['i32', 'i32', 'i32', 'i32', 'i32'], []);
  write(f);
  module.export(f);
  const Floats = floatsOf[dtype];
  const lengths = [imageSize(spec), kernelSize(spec), resultSize(spec)] as const;
  const [first, second, made] = [...operands, target].map((tensor) => lengths[tensor]!) as [number, number, number];
  const width = Floats.BYTES_PER_ELEMENT;
  const sizes = [second * width, scratch, made * width, made * 4, first * width];
  const guard = 80;
  const total = sizes.reduce((sum, size) => sum + size + guard + 16, slack + guard);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(total / 65536), maximum: 65536 });
  let end = memory.buffer.byteLength - slack;
  const [firstAt, countsAt, targetAt, scratchAt, secondAt] = sizes.toReversed().map((size) => {
    const start = Math.floor((end - size) / 16) * 16;
    end = start - guard;
    return start;
  }) as [number, number, number, number, number];
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(0xff); // NaN in both dtypes
  const [left, right] = [new Floats(memory.buffer, firstAt, first), new Floats(memory.buffer, secondAt, second)];
  left.set(randoms(first, 1));
  right.set(randoms(second, 2));
  const counts = new Int32Array(memory.buffer, countsAt, made).fill(0);
  const before = bytes.slice();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  (exports['f'] as (...addresses: number[]) => void)(firstAt, secondAt, scratchAt, targetAt, countsAt);

  expect(
    counts.findIndex((count) => count !== deliveries),
    `${label(spec)}: not delivered once`,
  ).toBe(-1);
  const [values, magnitudes, terms] = [0, 1, 2].map(() => new Float64Array(made)) as [Floats, Floats, Floats];
  eachTerm(spec, (...indices) => {
    const at = indices[target]!;
    const term = left[indices[operands[0]]!]! * right[indices[operands[1]]!]!;
    values[at]! += term;
    magnitudes[at]! += Math.abs(term);
    terms[at]!++;
  });
  // Each product and each sum rounds once, by at most half a unit; zeros around the image add nothing.
  const epsilon = dtype === 'f32' ? 2 ** -23 : 2 ** -52;
  new Floats(memory.buffer, targetAt, made).forEach((value, at) => {
    if (Math.abs(value - values[at]!) <= terms[at]! * epsilon * magnitudes[at]!) return;
    expect.fail(`${label(spec)}: element ${at} is ${value}, not ${values[at]!}`);
  });
  for (const [start, size] of [
    [scratchAt, scratch],
    [targetAt, made * width],
    [countsAt, made * 4],
  ] as const) {
    before.set(bytes.subarray(start, start + size), start);
  }
  expect(Buffer.compare(bytes, before), `${label(spec)}: a stray byte is written`).toBe(0);
}

const cases: readonly Sizes[] = [
  { image: [6, 6], kernel: [3, 3], padBefore: [1, 1], samples: 3, inputs: 5, outputs: 7 },
  { image: [7, 5], kernel: [3, 2], padBefore: [1, 0], padAfter: [2, 1], samples: 2, inputs: 3, outputs: 9 },
  { image: [5, 5], inputs: 8, outputs: 6, samples: 3 },
  { image: [1, 1], inputs: 8, outputs: 6, samples: 5 },
  { image: [1, 1], kernel: [3, 3], padBefore: [1, 1], inputs: 4, outputs: 3, samples: 9 },
  { image: [8, 8], kernel: [4, 4], strides: [2, 2], padBefore: [1, 1], inputs: 3, outputs: 4, samples: 2 },
  { image: [9, 7], kernel: [3, 3], strides: [2, 3], padBefore: [1, 2], inputs: 2, outputs: 3, samples: 3 },
  { image: [9, 10], kernel: [1, 1], strides: [2, 2], inputs: 5, outputs: 3, samples: 2 },
  { image: [9, 10], kernel: [2, 2], strides: [3, 3], inputs: 5, outputs: 3, samples: 2 },
  { image: [10, 9], kernel: [3, 2], dilations: [2, 3], padBefore: [2, 1], inputs: 3, outputs: 2, samples: 2 },
  { image: [11, 9], kernel: [3, 3], dilations: [2, 3], strides: [2, 2], padBefore: [4, 5], inputs: 3, outputs: 5 },
  { image: [3, 3], kernel: [5, 5], padBefore: [2, 2], inputs: 3, outputs: 2, samples: 2 },
  { image: [2, 2], kernel: [1, 1], padBefore: [2, 3], inputs: 3, outputs: 2, samples: 2 },
  { image: [6, 6], kernel: [3, 3], padBefore: [1, 1], groups: 4, samples: 3 },
  { image: [9, 7], kernel: [3, 3], padBefore: [1, 2], strides: [2, 3], groups: 3, outputs: 2, samples: 2 },
  { image: [8, 9], kernel: [2, 3], dilations: [2, 1], groups: 3, samples: 2 },
  { image: [5, 1], kernel: [2, 1], groups: 2, outputs: 3, samples: 2 },
  { image: [6, 5], kernel: [3, 3], padBefore: [1, 1], groups: 2, inputs: 3, outputs: 2, samples: 3 },
  { image: [28, 28], kernel: [3, 3], padBefore: [1, 1], inputs: 16, outputs: 5, samples: 2 },
  { image: [27, 26], kernel: [4, 4], strides: [2, 2], padBefore: [1, 1], inputs: 16, outputs: 3, samples: 2 },
  { image: [1, 700], kernel: [1, 5], padBefore: [0, 2], inputs: 8, outputs: 3, samples: 2 },
  { image: [3, 701], kernel: [3, 3], strides: [1, 2], padBefore: [1, 1], inputs: 8, outputs: 3, samples: 2 },
  { image: [700, 1], kernel: [5, 1], padBefore: [2, 0], inputs: 8, outputs: 3, samples: 2 },
  { image: [5, 5], kernel: [4, 4], strides: [2, 1], padBefore: [1, 1], inputs: 64, outputs: 3 },
  { image: [2, 3], inputs: 512, outputs: 5, groups: 2 },
  { image: [6, 6], kernel: [3, 3], padBefore: [1, 1], samples: 11, inputs: 65, outputs: 67 },
  { image: [3, 3], kernel: [2, 2], padAfter: [1, 1], samples: 23, inputs: 3, outputs: 130 },
];

describe('memory', () => {
  const block = (samples: number): ConvolutionSpec =>
    specOf('f32', { image: [6, 6], kernel: [3, 3], padBefore: [1, 1], samples, inputs: 64, outputs: 64 });
  const bytesOf = (spec: ConvolutionSpec): readonly number[] => [
    correlationScratch(spec, false),
    correlationScratch(spec, true),
    kernelGradScratch(spec),
  ];

  it('is that of a block, whatever the batch', () => {
    const [convolution, inputGrad, kernelGrad] = bytesOf(block(128)) as [number, number, number];
    const matrix = 128 * 36 * 64 * 9 * 4;
    expect(convolution).toBeLessThan(matrix / 90);
    // A copy of the kernel with inputs and outputs changed.
    expect(inputGrad).toBe(convolution + 64 * 64 * 9 * 4);
    expect(kernelGrad).toBeLessThan(matrix / 50);
    expect(bytesOf(block(1280))).toEqual([convolution, inputGrad, kernelGrad]);
  });

  it('is bounded for long lines', () => {
    for (const length of [1000, 100_000]) {
      const spec = specOf('f32', { image: [1, length], kernel: [1, 9], inputs: 16, outputs: 16 });
      expect(correlationScratch(spec, false)).toBeLessThan(400_000);
    }
  });
});

describe.each(['f32', 'f64'] as const)('in %s', (dtype) => {
  describe.each(['convolution', 'input gradient', 'kernel gradient'] as const)('the %s', (form) => {
    it.each(cases)('is its definition, every element delivered once, nothing else written: %o', (sizes) => {
      check(specOf(dtype, sizes), form);
    });
  });
});
