import { describe, expect, it } from 'vitest';
import { get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder } from '../encoder/function.ts';
import { ModuleBuilder } from '../encoder/module.ts';
import { blockedMatmul, emitMatmul, scratchBytes, storeTo, type MatmulSpec, type ResultVector } from './index.ts';
import { planMatmul } from './plan.ts';

type Floats = Float32Array | Float64Array;

interface Region {
  readonly start: number;
  readonly size: number;
}

const imported = { module: 'env', name: 'memory', initial: 1, maximum: 65536 };

const forms = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));
const label = ({ dtype, m, n, k, transposeA, transposeB }: MatmulSpec): string =>
  `${dtype} ${m}×${k}${transposeA ? 'ᵀ' : ''}·${k}×${n}${transposeB ? 'ᵀ' : ''}`;

/** Numbers in [−1, 1], the same in every run. */
function randoms(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The product by its definition, in double precision, and Σ|a||b| for each element, which bounds rounding errors. */
function definition({ m, n, k, transposeA, transposeB }: MatmulSpec, a: Floats, b: Floats) {
  const [values, magnitudes] = [new Float64Array(m * n), new Float64Array(m * n)];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let l = 0; l < k; l++) {
        const term = a[transposeA ? l * m + i : i * k + l]! * b[transposeB ? j * k + l : l * n + j]!;
        values[i * n + j]! += term;
        magnitudes[i * n + j]! += Math.abs(term);
      }
    }
  }
  return { values, magnitudes };
}

function firstDifference(x: Int32Array | Uint8Array, y: Int32Array | Uint8Array): number {
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return i;
  return -1;
}

/** A store that also counts how often each element is delivered, in i32 at `counts`. */
function counting(f: FunctionBuilder, spec: MatmulSpec): (result: ResultVector) => void {
  const [c, counts] = [f.param(3), f.param(4)];
  const store = storeTo(f, spec, c);
  const address = f.local('i32');
  return (result) => {
    store(result);
    const element = op('i32.add', op('i32.mul', result.row, i32(spec.n)), result.column);
    f.emit(op('i32.add', get(counts), op('i32.mul', element, i32(4)))).set(address);
    for (let lane = 0; lane < result.count; lane++) {
      f.get(address)
        .get(address)
        .memory('i32.load', 4 * lane)
        .i32(1)
        .op('i32.add')
        .memory('i32.store', 4 * lane);
    }
  };
}

/** Bytes that may be read after a tensor's end. */
const slack = 16;

/** Writes a product with its operands, scratch memory, result and counts as parameters. */
interface Way {
  readonly write: (f: FunctionBuilder, spec: MatmulSpec) => void;
  readonly scratch: (spec: MatmulSpec) => number;
}

const whole: Way = {
  write: (f, spec) => {
    emitMatmul(f, spec, { a: f.param(0), b: f.param(1), scratch: get(f.param(2)) }, counting(f, spec));
  },
  scratch: scratchBytes,
};

/** In blocks, the last one first: none depends on another. */
const inBlocks = (least: number): Way => ({
  write: (f, spec) => {
    const { copies, blocks, copyBytes, emitCopy, emitBlock } = blockedMatmul(spec, least, least);
    const operands = { a: f.param(0), b: f.param(1), scratch: get(f.param(2)) };
    const own = op('i32.add', get(f.param(2)), i32(copyBytes));
    const eachBackwards = (count: number, body: (index: Code) => void): void => {
      const index = f.keep('i32', i32(count));
      f.loop((again) => {
        f.emit(op('i32.sub', get(index), i32(1))).set(index);
        body(get(index));
        f.get(index).branchIf(again);
      });
    };
    if (copies > 0) {
      eachBackwards(copies, (index) => {
        emitCopy(f, operands, index);
      });
    }
    eachBackwards(blocks, (index) => {
      emitBlock(f, operands, { index, own }, counting(f, spec));
    });
  },
  scratch: (spec) => {
    const { copyBytes, blockBytes } = blockedMatmul(spec, least, least);
    return copyBytes + blockBytes;
  },
});

/**
 * Runs products, all in one module, between regions of NaN: what is read too far shows in a result, or traps if it is after
 * `last`, which ends where memory does; what is written too far is found. Gives the results' bits.
 */
function check(specs: readonly MatmulSpec[], last: 'a' | 'b' = 'b', way = whole): readonly Int32Array[] {
  const module = new ModuleBuilder(imported);
  const functions = specs.map((spec) => {
    const f = module.function(label(spec), ['i32', 'i32', 'i32', 'i32', 'i32'], []);
    way.write(f, spec);
    module.export(f);
    return f;
  });
  const sizes = specs.map((spec) => {
    const { m, n, k, dtype } = spec;
    const bytes = dtype === 'f32' ? 4 : 8;
    const [a, b] = [m * k * bytes, k * n * bytes];
    const [ending, other] = last === 'a' ? [a, b] : [b, a];
    return [way.scratch(spec), m * n * bytes, m * n * 4, other, ending];
  });
  const guard = 64;
  const align = (address: number): number => Math.floor(address / 16) * 16;
  const most = Math.max(...sizes.map((list) => list.reduce((sum, size) => sum + size + 2 * guard, guard)));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(most / 65536), maximum: 65536 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });

  return specs.map((spec, index) => {
    let end = memory.buffer.byteLength - slack;
    const regions = sizes[index]!.toReversed().map((size) => {
      const start = align(end - size);
      end = start - guard;
      return { start, size };
    });
    const [ending, other, counts, c, scratch] = regions as [Region, Region, Region, Region, Region];
    const [a, b] = last === 'a' ? [ending, other] : [other, ending];
    const Floats = spec.dtype === 'f32' ? Float32Array : Float64Array;
    const floatsAt = ({ start, size }: Region): Floats =>
      new Floats(memory.buffer, start, size / Floats.BYTES_PER_ELEMENT);
    const bytes = new Uint8Array(memory.buffer, end);
    bytes.fill(0xff); // NaN in both dtypes
    floatsAt(a).set(randoms(spec.m * spec.k, 1));
    floatsAt(b).set(randoms(spec.k * spec.n, 2));
    const deliveries = new Int32Array(memory.buffer, counts.start, spec.m * spec.n).fill(0);
    const expected = bytes.slice();
    const run = exports[functions[index]!.name] as (...addresses: number[]) => void;
    run(a.start, b.start, scratch.start, c.start, counts.start);

    const once = new Int32Array(deliveries.length).fill(1);
    expect(firstDifference(deliveries, once), `${label(spec)}: not delivered once`).toBe(-1);
    const { values, magnitudes } = definition(spec, floatsAt(a), floatsAt(b));
    // Each product and each of k − 1 sums rounds once, by at most half a unit: k·ε/2 to first order; ε covers the rest.
    const epsilon = spec.dtype === 'f32' ? 2 ** -23 : 2 ** -52;
    const got = floatsAt(c);
    for (let at = 0; at < got.length; at++) {
      if (Math.abs(got[at]! - values[at]!) <= spec.k * epsilon * magnitudes[at]!) continue;
      expect.fail(`${label(spec)}: element ${at} is ${got[at]!}, not ${values[at]!}`);
    }
    for (const { start, size } of [scratch, c, counts]) {
      expected.set(bytes.subarray(start - end, start - end + size), start - end);
    }
    expect(firstDifference(bytes, expected), `${label(spec)}: a stray byte is written`).toBe(-1);
    return new Int32Array(memory.buffer, c.start, c.size / 4).slice();
  });
}

const everyForm = (sizes: readonly (readonly [m: number, k: number, n: number])[]): MatmulSpec[] =>
  (['f32', 'f64'] as const).flatMap((dtype) =>
    forms.flatMap((form) => sizes.map(([m, k, n]) => ({ dtype, m, n, k, ...form }))),
  );

describe('emitMatmul', () => {
  const rows = [1, 2, 3, 5, 7, 8, 13];
  const inner = [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 19, 34];
  const columns = [1, 2, 3, 4, 5, 6, 7, 8, 11, 23];
  it.each(rows)('is the product, every element delivered once, nothing else written: %d rows', (m) => {
    const specs = everyForm(columns.flatMap((n) => inner.map((k) => [m, k, n] as const)));
    check(specs, 'a');
    check(specs, 'b');
  });

  it('has products without elements', () => {
    const empty = [
      [0, 3, 5],
      [3, 5, 0],
      [0, 0, 0],
    ] as const;
    check(everyForm(empty));
    for (const spec of everyForm(empty)) expect(scratchBytes(spec)).toBe(0);
  });

  it('has sizes of networks, blocks and packed operands', () => {
    check(
      everyForm([
        [20, 2, 50],
        [20, 50, 2],
        [20, 50, 50],
        [50, 20, 2],
        [2, 20, 50],
        [64, 4, 32],
        [64, 32, 4],
        [32, 64, 4],
        [128, 64, 256],
        [65, 67, 129],
        [37, 131, 130],
        [1, 300, 301],
        [301, 300, 1],
        [2000, 11, 1],
        [2000, 11, 2],
        [2000, 11, 3],
        [100, 9, 600],
      ]),
    );
  });

  it('keeps to what IEEE says of 0·∞', () => {
    for (const spec of everyForm([
      [3, 1, 5],
      [3, 19, 5],
      [3, 19, 1],
    ])) {
      const module = new ModuleBuilder(imported);
      const f = module.function('f', ['i32', 'i32', 'i32', 'i32'], []);
      emitMatmul(f, spec, { a: f.param(0), b: f.param(1), scratch: get(f.param(2)) }, storeTo(f, spec, f.param(3)));
      module.export(f);
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
      const Floats = spec.dtype === 'f32' ? Float32Array : Float64Array;
      new Floats(memory.buffer, 4096, spec.k * spec.n).fill(1);
      new Floats(memory.buffer, 4096, 1)[0] = Infinity; // B[0, 0]; A is zero
      (exports['f'] as (...addresses: number[]) => void)(1024, 4096, 8192, 16384);
      const c = [...new Floats(memory.buffer, 16384, spec.m * spec.n)];
      expect(c, label(spec)).toEqual(c.map((_, at) => (at % spec.n === 0 ? NaN : 0)));
    }
  });

  it('writes a kernel once for all products of a kind', () => {
    const sizeOf = (count: number): number => {
      const module = new ModuleBuilder(imported);
      const spec = { dtype: 'f32', m: 20, n: 50, k: 50, transposeA: false, transposeB: true } as const;
      for (let i = 0; i < count; i++) {
        const f = module.function('f', ['i32', 'i32', 'i32', 'i32'], []);
        emitMatmul(f, spec, { a: f.param(0), b: f.param(1), scratch: get(f.param(2)) }, storeTo(f, spec, f.param(3)));
      }
      return module.encode().length;
    };
    const [one, two, three] = [sizeOf(1), sizeOf(2), sizeOf(3)];
    expect(three - two).toBe(two - one);
    expect(two - one).toBeLessThan(one / 3);
  });

  it('writes what becomes of a result at most twice', () => {
    for (const spec of everyForm([
      [20, 2, 50],
      [20, 50, 2],
      [67, 65, 129],
      [5, 3, 4],
    ])) {
      const module = new ModuleBuilder(imported);
      const f = module.function('f', ['i32', 'i32'], []);
      let places = 0;
      emitMatmul(f, spec, { a: f.param(0), b: f.param(1), scratch: i32(0) }, () => places++);
      expect(places, label(spec)).toBe(spec.n % (spec.dtype === 'f32' ? 4 : 2) === 0 || spec.n === 2 ? 1 : 2);
    }
  });
});

describe('blockedMatmul', () => {
  const sizes = everyForm([
    [64, 64, 64],
    [65, 67, 129],
    [37, 131, 130],
    [1, 300, 301],
    [3, 40, 403],
    [40, 403, 3],
    [301, 300, 1],
    [300, 11, 2],
    [100, 5, 60],
    [33, 8, 1],
    [70, 300, 600],
  ]);

  it.each([2, 7, 64])('gives the same bits in any order of its blocks: at least %d, if there can be', (least) => {
    const [expected, got] = [check(sizes), check(sizes, 'a', inBlocks(least))];
    for (const [i, spec] of sizes.entries()) {
      expect(firstDifference(got[i]!, expected[i]!), `${label(spec)} in ${least} blocks`).toBe(-1);
    }
  });

  it('has as many blocks as it is asked for: of rows, and of columns where rows are few', () => {
    const blocks = (m: number, k: number, n: number, least: number) =>
      blockedMatmul({ dtype: 'f32', m, n, k, transposeA: false, transposeB: false }, least, 1).blocks;
    expect(blocks(128, 64, 256, 8)).toBe(8);
    expect(blocks(512, 512, 512, 8)).toBe(16);
    expect(blocks(1, 1024, 1024, 8)).toBe(8);
    expect(blocks(20, 300, 1000, 8)).toBe(8);
    expect(blocks(1, 1, 1, 8)).toBe(1);
    expect(blocks(1000, 4, 7, 8)).toBe(8);
  });

  it('writes what becomes of a result as often as in one piece', () => {
    for (const spec of sizes) {
      const count = (write: (f: FunctionBuilder, store: () => void) => void): number => {
        let places = 0;
        write(new ModuleBuilder(imported).function('f', ['i32', 'i32', 'i32'], []), () => places++);
        return places;
      };
      const operands = (f: FunctionBuilder) => ({ a: f.param(0), b: f.param(1), scratch: i32(0) });
      const once = count((f, store) => {
        emitMatmul(f, spec, operands(f), store);
      });
      const split = count((f, store) => {
        blockedMatmul(spec, 4, 4).emitBlock(f, operands(f), { index: get(f.param(2)), own: i32(0) }, store);
      });
      expect(split, label(spec)).toBe(once);
    }
  });
});

describe('planMatmul', () => {
  const plan = (m: number, k: number, n: number, transposeA = false, transposeB = false) =>
    planMatmul({ dtype: 'f32', m, n, k, transposeA, transposeB });

  it('chooses kernels, and operands as they are where that is fast', () => {
    expect(plan(20, 2, 50)).toMatchObject({ kind: 'direct', packings: {} });
    const chosen = (...args: Parameters<typeof plan>) => {
      const planned = plan(...args);
      if (planned.kind !== 'blocks') throw new Error('no blocks');
      const { packings, swapped } = planned;
      return [
        planned.block(planned.blockRows, planned.blockColumns).kernel,
        swapped,
        packings.a?.stored,
        packings.b?.stored,
      ];
    };
    expect(chosen(20, 50, 50)).toEqual(['outer', false, undefined, undefined]);
    expect(chosen(20, 50, 2, false, true)).toEqual(['dot', false, undefined, undefined]);
    expect(chosen(50, 20, 2, true)).toEqual(['outer', true, undefined, undefined]);
    expect(chosen(50, 20, 1)).toEqual(['dot', true, undefined, undefined]);
    expect(chosen(1, 64, 64, false, true)).toEqual(['dot', false, undefined, undefined]);
    expect(chosen(512, 512, 512)).toEqual(['outer', false, undefined, 'rows']);
    expect(chosen(512, 512, 512, true)).toEqual(['outer', false, 'columns', 'rows']);
    expect(chosen(512, 512, 512, false, true)).toEqual(['outer', false, undefined, 'columns']);
  });
});
