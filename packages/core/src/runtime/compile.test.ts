import { reference } from '@node-ode/backend-reference';
import { describe, expect, it } from 'vitest';
import { bool, f32, f64, i32, readAll, refusal } from '../../test/support.ts';
import { array, toNested, type HostArray } from '../array.ts';
import { report } from '../control/report.ts';
import { grad } from '../differentiate/vjp.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import type { Backend, DeviceArray } from './backend.ts';
import { isDeviceArray } from './arguments.ts';
import { compile } from './compile.ts';

const read = async (x: DeviceArray): Promise<unknown> => toNested(await x.read());

/** A reference engine that counts what is made and freed. */
function counting(): {
  readonly backend: Backend;
  readonly alive: () => number;
  readonly compiled: () => number;
  readonly disposed: () => number;
} {
  const engine = reference({ poison: true });
  let [alive, compiled, disposed] = [0, 0, 0];
  const backend: Backend = {
    ...engine,
    upload: async (source) => {
      const device = await engine.upload(source);
      alive++;
      const free = device.dispose;
      let isFreed = false;
      device.dispose = () => {
        if (!isFreed) alive--;
        isFreed = true;
        free();
      };
      return device;
    },
    compile: async (graph) => {
      const executable = await engine.compile(graph);
      compiled++;
      return {
        ...executable,
        dispose: () => {
          disposed++;
          executable.dispose();
        },
      };
    },
  };
  return { backend, alive: () => alive, compiled: () => compiled, disposed: () => disposed };
}

describe('compile', () => {
  it('takes and gives trees of numbers, booleans and arrays', async () => {
    const backend = reference();
    const f = compile(backend, (p: { readonly w: Tensor; readonly flags: readonly [Tensor, Tensor] }, n: Tensor) => ({
      sum: p.w.sum(),
      rest: [p.flags[0].and(p.flags[1]), n.add(1), f64([7])] as const,
      number: 5,
    }));
    const result = (await readAll(await f({ w: f32([1, 2]), flags: [true, bool(false)] }, 3))) as Record<
      string,
      HostArray
    >;
    expect(toNested(result['sum'] as HostArray)).toBe(3);
    const [both, next, host] = result['rest'] as unknown as HostArray[];
    expect([both, next, host].map((x) => [x?.dtype, toNested(x as HostArray)])).toEqual([
      ['bool', false],
      ['f32', 4],
      ['f64', [7]],
    ]);
    expect(result['number']?.dtype).toBe('f32');
  });

  it('numbers have the dtype of the options', async () => {
    const f = compile(reference(), (x: Tensor) => x.div(3), { dtype: 'f64' });
    expect(await read(await f(1))).toBe(1 / 3);
  });

  it('traces once for each structure, shape and dtype', async () => {
    let traced = 0;
    const f = compile(reference(), (x: { readonly a: Tensor; readonly b?: Tensor }) => {
      traced++;
      return x.b === undefined ? x.a.neg() : x.a.add(x.b);
    });
    const calls: readonly (readonly [Parameters<typeof f>[0], unknown, number])[] = [
      [{ a: 1 }, -1, 1],
      [{ a: 2 }, -2, 1],
      [{ a: f32([1, 2]) }, [-1, -2], 2],
      [{ a: f32([3, 4]) }, [-3, -4], 2],
      [{ a: f64([1, 2]) }, [-1, -2], 3],
      [{ a: f32([[1, 2]]) }, [[-1, -2]], 4],
      [{ a: 1, b: 2 }, 3, 5],
      [{ b: 4, a: 2 }, 6, 5],
      [{ a: f32(7) }, -7, 5],
    ];
    for (const [argument, value, times] of calls) {
      expect(await read(await f(argument))).toEqual(value);
      expect(traced).toBe(times);
    }
  });

  it('tells structures apart whose paths look alike', async () => {
    const f = compile(reference(), (x: unknown) => constant(Object.keys(x as object).length));
    const g = f as unknown as (x: unknown) => Promise<DeviceArray>;
    expect(await read(await g({ a: { b: 1 }, c: 2 }))).toBe(2);
    expect(await read(await g({ 'a.b': 1, c: 2 }))).toBe(2);
    expect(await read(await g([1, 2, []]))).toBe(3);
    expect(await read(await g([1, 2]))).toBe(2);
    expect(await read(await g({ '[0]': 1, '[1]': 2, x: {} }))).toBe(3);
  });

  it('keeps a bounded number of versions: the last used', async () => {
    const { backend, compiled, disposed, alive } = counting();
    const weights = f32([2]);
    let traced = 0;
    const f = compile(
      backend,
      (x: Tensor) => {
        traced++;
        return x.mul(weights);
      },
      { cacheSize: 2 },
    );
    const call = async (n: number): Promise<void> => (await f(array(new Float32Array(n)))).dispose();
    for (const n of [1, 2, 1, 3]) await call(n);
    expect(traced).toBe(3);
    // 2 was the last used: 1 is still there, 2 is not.
    await call(1);
    expect(traced).toBe(3);
    await call(2);
    expect(traced).toBe(4);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect([compiled(), disposed(), alive()]).toEqual([4, 2, 2]);
    f.dispose();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect([disposed(), alive()]).toEqual([4, 0]);
  });

  it('runs that overlap do not lose a version that others evict', async () => {
    const { backend, compiled, disposed } = counting();
    const f = compile(backend, (x: Tensor) => x.sum(), { cacheSize: 1 });
    const sizes = [1, 2, 3, 4, 5];
    const results = await Promise.all(sizes.map((n) => f(array(new Float32Array(n).fill(1)))));
    expect(await Promise.all(results.map(read))).toEqual(sizes);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect([compiled(), disposed()]).toEqual([5, 4]);
    const pending = f(array(new Float32Array(6).fill(1)));
    f.dispose();
    expect(await read(await pending)).toBe(6);
  });

  it('refuses a cache without room', async () => {
    for (const cacheSize of [0, -1, 1.5]) {
      expect(await refusal(() => compile(reference(), (x: Tensor) => x, { cacheSize }))).toBe(
        `OptionError: compile: cacheSize = ${cacheSize}; expected a positive integer.`,
      );
    }
  });

  it('can be used again after it was disposed of', async () => {
    const f = compile(reference(), (x: Tensor) => x.mul(2));
    await f(1);
    f.dispose();
    f.dispose();
    expect(await read(await f(3))).toBe(6);
  });

  it('does not keep a compilation that failed', async () => {
    const engine = reference();
    let attempts = 0;
    const flaky: Backend = {
      ...engine,
      compile: (graph) => (++attempts === 1 ? Promise.reject(new Error('no luck')) : engine.compile(graph)),
    };
    const f = compile(flaky, (x: Tensor) => x.mul(2));
    expect(await refusal(() => f(1))).toBe('Error: no luck');
    expect(await read(await f(1))).toBe(2);
  });

  it('gives the optimised graph', () => {
    const f = compile(reference(), function double(x: Tensor) {
      x.exp();
      return x.add(x.mul(1));
    });
    const graph = f.graph(f32([1]));
    expect([graph.name, graph.nodes.map(({ op }) => op)]).toEqual(['double', ['add']]);
  });
});

describe('device arrays', () => {
  it('stay on the device and are fed back', async () => {
    const { backend, alive } = counting();
    const step = compile(backend, (state: { readonly w: Tensor; readonly n: Tensor }) => ({
      w: state.w.mul(2),
      n: state.n.add(1),
    }));
    let state = await step({ w: f32([1, 2]), n: i32(0) });
    expect([isDeviceArray(state.w), alive()]).toEqual([true, 0]);
    for (let i = 0; i < 4; i++) state = await step(state);
    expect(await readAll(state)).toEqual({ w: f32([32, 64]), n: i32(5) });
    expect(await read(state.w)).toEqual([32, 64]);
  });

  it('arguments of the host are freed after a run, results are the caller’s', async () => {
    const { backend, alive } = counting();
    const f = compile(backend, (x: Tensor, y: Tensor) => [x.add(y), x] as const);
    const [sum, same] = await f(f32([1]), 2);
    expect(alive()).toBe(0);
    expect([await read(sum), await read(same)]).toEqual([[3], [1]]);
    sum.dispose();
    sum.dispose();
    expect(await refusal(() => sum.read())).toMatch(/^ExecutionError: read: the array was disposed/);
    expect(await refusal(() => f(sum, 1))).toMatch(/^ExecutionError: run: the array was disposed/);
  });

  it('donated ones are used up, others are not', async () => {
    const f = compile(reference({ poison: true }), (x: Tensor, y: Tensor) => x.add(y), { donate: [0] });
    const engine = compile(reference(), (x: Tensor) => x);
    expect(await read(await engine(1))).toBe(1);
    const y = await f(f32([1, 2]), 1);
    const z = await f(y, 10);
    expect(await read(z)).toEqual([12, 13]);
    expect(await refusal(() => y.read())).toMatch(/^ExecutionError: read: the array was disposed/);
    expect(await read(await f(1, z))).toEqual([13, 14]);
    expect(await read(z)).toEqual([12, 13]);
  });

  it('donated trees, leaf by leaf', async () => {
    const f = compile(
      reference(),
      (p: { readonly a: Tensor; readonly b: readonly Tensor[] }) => ({ a: p.a.neg(), b: p.b.map((x) => x.neg()) }),
      { donate: [0] },
    );
    const first = await f({ a: 1, b: [2, 3] });
    const second = await f(first);
    expect(await readAll(second)).toEqual({ a: f32(1), b: [f32(2), f32(3)] });
    for (const x of [first.a, ...first.b]) expect(await refusal(() => x.read())).toMatch(/^ExecutionError/);
  });

  it('of another backend are refused, and nothing leaks', async () => {
    const { backend, alive } = counting();
    const foreign = await compile({ ...reference(), name: 'elsewhere' }, (x: Tensor) => x)(1);
    const f = compile(backend, (x: Tensor, y: Tensor) => x.add(y));
    const elsewhere = { ...foreign, backend: 'elsewhere' };
    expect(await refusal(() => f(1, elsewhere))).toBe(
      "ExecutionError: compile: an argument lives on backend 'elsewhere'; expected arrays of 'reference'. Read it to the host with await x.read() and pass that.",
    );
    const other = await compile(reference(), (x: Tensor) => x)(1);
    expect(await refusal(() => f(1, other))).toMatch(
      /^ExecutionError: run: the array belongs to another reference backend/,
    );
    expect(alive()).toBe(0);
  });
});

describe('refusals', () => {
  it('an argument that is no tree of arrays', async () => {
    const f = compile(reference(), (x: Tensor) => x) as unknown as (x: unknown) => Promise<unknown>;
    expect(await refusal(() => f('one'))).toBe(
      'TreeError: compile: [0] is a string (one); expected a number, a host array or a device array, or plain arrays and objects of them.',
    );
    expect(await refusal(() => f({ a: undefined }))).toMatch(/^TreeError: compile: \[0\]\.a is undefined/);
  });

  it('a result that is no tree of tensors', async () => {
    const f = compile(reference(), (x: Tensor) => ({ x, label: 'y' }) as unknown as { x: Tensor });
    expect(await refusal(() => f(1))).toBe(
      'TreeError: compile: label is a string (y); expected a tensor, or plain arrays and objects of them.',
    );
  });

  it('a dtype that the backend does not have', async () => {
    const engine = reference();
    const single: Backend = {
      ...engine,
      name: 'single',
      capabilities: { ...engine.capabilities, dtypes: ['f32', 'i32', 'bool'] },
    };
    expect(await refusal(() => compile(single, (x: Tensor) => x.neg())(f64([1])))).toBe(
      "DTypeError: compile: a tensor is f64[1]; expected f32, i32, bool: what backend 'single' has. Convert it, or use a backend with that dtype.",
    );
  });

  it('a device array in the closure', async () => {
    const x = await compile(reference(), (y: Tensor) => y)(1);
    const f = compile(reference(), (y: Tensor) => y.add(x as unknown as Tensor));
    expect(await refusal(() => f(1))).toBe(
      "TraceError: add: an operand is an array on backend 'reference'; expected a tensor, a host array or a number.",
    );
  });
});

describe('run', () => {
  it('gives the result with its costs', async () => {
    const f = compile(reference(), (x: Tensor) => {
      report('largest', x.max(), 'max');
      return grad((y: Tensor) => y.square().sum())(x);
    });
    const { result, stats } = await f.run(f32([1, 5, 2]));
    expect(await read(result)).toEqual([2, 10, 4]);
    expect(stats).toMatchObject({ nfe: 0, nfeBackward: 0, accepted: 0, rejected: 0, reports: { largest: [5] } });
    expect(stats.counters?.peakBytes).toBeGreaterThanOrEqual(24);
  });

  it('an error while the graph runs leaves the arguments usable', async () => {
    const f = compile(reference({ poison: true }), (x: Tensor, i: Tensor) => x.setRow(0, 9).gather(i), { donate: [0] });
    const x = await f(f32([1, 2]), i32([0, 1]));
    expect(await refusal(() => f(x, i32([2])))).toMatch(/^ExecutionError: gather/);
    expect(await read(x)).toEqual([9, 2]);
  });
});
