import { describe, expect, it } from 'vitest';
import { get, i32, op } from '../encoder/code.ts';
import type { FunctionBuilder } from '../encoder/function.ts';
import { ModuleBuilder } from '../encoder/module.ts';
import { emitMatmul, scratchBytes, storeTo, type MatmulSpec, type ResultVector } from './index.ts';
import { planMatmul } from './plan.ts';

type Floats = Float32Array | Float64Array;

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

/** Runs products, all in one module, between regions of NaN: what is read too far shows in a result, what is written is found. */
function check(specs: readonly MatmulSpec[]): void {
  const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 65536 });
  const functions = specs.map((spec) => {
    const f = module.function(label(spec), ['i32', 'i32', 'i32', 'i32', 'i32'], []);
    emitMatmul(f, spec, { a: f.param(0), b: f.param(1), scratch: get(f.param(2)) }, counting(f, spec));
    module.export(f);
    return f;
  });
  const guard = 64;
  const places = specs.map((spec) => {
    const { m, n, k, dtype } = spec;
    const bytes = dtype === 'f32' ? 4 : 8;
    let top = guard;
    const place = (size: number): { start: number; size: number } => {
      const start = top;
      top = Math.ceil((start + size) / 16) * 16 + guard;
      return { start, size };
    };
    const [a, b] = [place(m * k * bytes), place(k * n * bytes)];
    return { a, b, scratch: place(scratchBytes(spec)), c: place(m * n * bytes), counts: place(m * n * 4), top };
  });
  const pages = Math.ceil(Math.max(...places.map(({ top }) => top)) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });

  for (const [index, spec] of specs.entries()) {
    const { a, b, scratch, c, counts, top } = places[index]!;
    const Floats = spec.dtype === 'f32' ? Float32Array : Float64Array;
    const floatsAt = ({ start, size }: { start: number; size: number }): Floats =>
      new Floats(memory.buffer, start, size / Floats.BYTES_PER_ELEMENT);
    const bytes = new Uint8Array(memory.buffer, 0, top);
    bytes.fill(0xff); // NaN in both dtypes
    floatsAt(a).set(randoms(spec.m * spec.k, 1));
    floatsAt(b).set(randoms(spec.k * spec.n, 2));
    const deliveries = new Int32Array(memory.buffer, counts.start, spec.m * spec.n).fill(0);
    const before = bytes.slice();
    const run = exports[functions[index]!.name] as (...addresses: number[]) => void;
    run(a.start, b.start, scratch.start, c.start, counts.start);

    expect(deliveries, `${label(spec)}: deliveries`).toEqual(new Int32Array(deliveries.length).fill(1));
    const { values, magnitudes } = definition(spec, floatsAt(a), floatsAt(b));
    // Each product and each of k − 1 sums rounds once, by at most half a unit: k·ε/2 to first order; ε covers the rest.
    const epsilon = spec.dtype === 'f32' ? 2 ** -23 : 2 ** -52;
    const got = floatsAt(c);
    const wrong = values.findIndex((value, at) => !(Math.abs(got[at]! - value) <= spec.k * epsilon * magnitudes[at]!));
    if (wrong >= 0) expect.fail(`${label(spec)}: element ${wrong} is ${got[wrong]!}, not ${values[wrong]!}`);
    for (const { start, size } of [scratch, c, counts]) before.copyWithin(start, start, start + size);
    const written = [scratch, c, counts];
    const stray = bytes.findIndex(
      (byte, at) => byte !== before[at] && !written.some(({ start, size }) => at >= start && at < start + size),
    );
    expect(stray, `${label(spec)}: a byte is written at ${stray}`).toBe(-1);
  }
}

const everyForm = (sizes: readonly (readonly [m: number, k: number, n: number])[]): MatmulSpec[] =>
  (['f32', 'f64'] as const).flatMap((dtype) =>
    forms.flatMap((form) => sizes.map(([m, k, n]) => ({ dtype, m, n, k, ...form }))),
  );

describe('emitMatmul', () => {
  const rows = [1, 2, 3, 5, 7, 8, 13];
  const inner = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 35];
  const columns = [1, 2, 3, 4, 5, 6, 7, 8, 11, 23];
  it.each(rows)('is the product, every element delivered once, nothing else written: %d rows', (m) => {
    check(everyForm(columns.flatMap((n) => inner.map((k) => [m, k, n] as const))));
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
        [50, 20, 2],
        [2, 20, 50],
        [64, 4, 32],
        [64, 32, 4],
        [32, 64, 4],
        [128, 64, 256],
        [65, 67, 129],
        [1, 300, 301],
        [301, 300, 1],
        [2000, 7, 1],
        [2000, 7, 2],
        [2000, 7, 3],
        [100, 9, 600],
      ]),
    );
  });

  it('keeps to what IEEE says of 0·∞', () => {
    for (const spec of everyForm([
      [3, 1, 5],
      [3, 9, 5],
      [3, 9, 1],
    ])) {
      const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 65536 });
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
      const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 65536 });
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
      const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 65536 });
      const f = module.function('f', ['i32', 'i32'], []);
      let places = 0;
      emitMatmul(f, spec, { a: f.param(0), b: f.param(1), scratch: i32(0) }, () => places++);
      expect(places, label(spec)).toBe(spec.n % (spec.dtype === 'f32' ? 4 : 2) === 0 || spec.n === 2 ? 1 : 2);
    }
  });
});

describe('planMatmul', () => {
  const plan = (m: number, k: number, n: number, transposeA = false, transposeB = false) =>
    planMatmul({ dtype: 'f32', m, n, k, transposeA, transposeB });

  it('chooses kernels, and operands as they are where that is fast', () => {
    expect(plan(20, 2, 50).kind).toBe('direct');
    const chosen = (...args: Parameters<typeof plan>) => {
      const planned = plan(...args);
      if (planned.kind !== 'blocks') throw new Error('no blocks');
      return [planned.block(planned.blockRows).kernel, planned.swapped, planned.packings.b?.stored];
    };
    expect(chosen(20, 50, 50)).toEqual(['outer', false, undefined]);
    expect(chosen(20, 50, 2, false, true)).toEqual(['dot', false, undefined]);
    expect(chosen(50, 20, 2, true)).toEqual(['outer', true, undefined]);
    expect(chosen(50, 20, 1)).toEqual(['dot', true, undefined]);
    expect(chosen(1, 64, 64, false, true)).toEqual(['dot', false, undefined]);
    expect(chosen(512, 512, 512)).toEqual(['outer', false, 'rows']);
    expect(chosen(512, 512, 512, false, true)).toEqual(['outer', false, 'columns']);
  });
});
