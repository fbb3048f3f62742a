/** The factory: what it takes for tfjs, and what it says of everything else. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { reference } from '@node-ode/backend-reference';
import { array, compile, erf, linearCombination, type HostArray, type Tensor } from '@node-ode/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tfjs, type TfjsOptions, type TfModule } from './index.ts';

/** Options as JavaScript may give them. */
const from = (options: unknown): Promise<unknown> => tfjs(options as TfjsOptions);

/** tfjs with something else in it. */
const changed = (changes: Partial<Record<keyof TfModule, unknown>>): unknown => ({ ...tf, ...changes });

/** tfjs's engine with other backends. */
const engineWith =
  (...names: readonly string[]): unknown =>
  () => ({ backendNames: () => names, registry: {} });

afterEach(() => {
  vi.restoreAllMocks();
});

describe('what is handed in', () => {
  it.each([
    ['nothing', undefined, 'the options are undefined'],
    ['tfjs itself', tf, "there is no option '"],
    ['no tf', {}, 'tf is missing'],
    ['null', { tf: null }, 'tf is null'],
    ['a promise', { tf: Promise.resolve(tf) }, 'tf is a promise: await it'],
    ['a module around it', { tf: { default: tf } }, 'pass its tf.default'],
    ['something else', { tf: { add: () => 0 } }, 'tf is not tfjs: it has no ready, getBackend'],
    ['a name', { tf: '@tensorflow/tfjs' }, "tf is '@tensorflow/tfjs'"],
    ['an unknown option', { tf, threads: 2 }, "there is no option 'threads'; expected tf, backend"],
    ['no name', { tf, backend: '' }, "backend = ''"],
    ['a number', { tf, backend: 1 }, 'backend = 1'],
    ['an unknown backend', { tf, backend: 'cuda' }, "backend = 'cuda'; expected one that is registered: cpu, wasm"],
    ['a backend that was not imported', { tf, backend: 'webgl' }, "import '@tensorflow/tfjs-backend-webgl'"],
    ['WebGPU in Node', { tf, backend: 'webgpu' }, "in Node set the globals of the package 'webgpu' before that import"],
  ])('%s is an OptionError', async (_, options, message) => {
    const attempt = from(options);
    await expect(attempt).rejects.toMatchObject({ code: 'OPTION', operation: 'tfjs' });
    await expect(attempt).rejects.toThrow(message);
  });

  it.each([
    [
      'an old version',
      { tf: changed({ version_core: '3.21.0' }) },
      'tf is tfjs 3.21.0; expected 4.22 or later, below 5',
    ],
    ['no backend', { tf: changed({ engine: engineWith() }) }, "import '@tensorflow/tfjs-backend-cpu'"],
    [
      'a backend without kernels',
      { tf: changed({ getKernel: () => undefined }), backend: 'cpu' },
      'has no kernel Identity, Reshape, Add, Cast in this tfjs; expected a backend with its kernels. There may be two copies of tfjs: npm ls @tensorflow/tfjs-core',
    ],
    [
      'a backend that does not start',
      {
        tf: changed({ engine: engineWith('wasm'), findBackend: () => null, ready: () => Promise.resolve() }),
        backend: 'wasm',
      },
      "tfjs's backend 'wasm' could not start; tfjs has written why to the console; expected a backend that starts. Its binary is loaded from beside the bundle: say where it is with setWasmPaths",
    ],
  ])('%s is an UnsupportedError', async (_, options, message) => {
    const attempt = from(options);
    await expect(attempt).rejects.toMatchObject({ code: 'UNSUPPORTED', operation: 'tfjs' });
    await expect(attempt).rejects.toThrow(message);
  });
});

describe('the engine', () => {
  it('leaves the current backend as it is, and takes it by default', async () => {
    await tf.setBackend('cpu');
    const wasm = await tfjs({ tf, backend: 'wasm' });
    expect([wasm.name, wasm.runtime, wasm.device, tf.getBackend()]).toEqual([
      'tfjs-wasm',
      `tfjs-core ${tf.version_core}`,
      'wasm',
      'cpu',
    ]);
    const current = await tfjs({ tf });
    expect(current.name).toBe('tfjs-cpu');
    const x = await wasm.upload(array([1, 2]));
    expect(tf.findBackend('wasm').numDataIds()).toBe(1);
    x.dispose();
    await Promise.all([wasm.dispose(), current.dispose()]);
  });

  it('starts several backends at a time', async () => {
    const engines = await Promise.all(['wasm', 'cpu', 'wasm'].map((backend) => tfjs({ tf, backend })));
    expect(engines.map(({ name }) => name)).toEqual(['tfjs-wasm', 'tfjs-cpu', 'tfjs-wasm']);
  });

  it('has no f64, and says who has', async () => {
    const backend = await tfjs({ tf, backend: 'cpu' });
    const upload = backend.upload(array([1], { dtype: 'f64' }));
    await expect(upload).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(upload).rejects.toThrow(
      "tfjs has no dtype 'f64'; expected f32, i32 or bool. Use f32, or an engine that has f64: wasm()",
    );
  });
});

describe.each(['cpu', 'wasm'])('what the conformance suite does not look at, on %s', (name) => {
  const run = async (fn: (...xs: Tensor[]) => Tensor, ...inputs: HostArray[]): Promise<readonly number[]> => {
    const backend = await tfjs({ tf, backend: name });
    const y = await compile(backend, fn)(...inputs);
    return Array.from((await y.read()).data);
  };

  it('erf keeps its digits near zero', async () => {
    const x = [1e-30, 1e-4, 0.01, 0.3, -0.7, 2.5];
    const y = await run((v) => v!.erf(), array(x));
    y.forEach((value, i) => {
      const exact = erf(Math.fround(x[i]!));
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(2 ** -24 * Math.abs(exact));
    });
  });

  it('booleans become floats that every kernel takes', async () => {
    const y = await run((v) => linearCombination([1, 2], [v!.greater(1).cast('f32'), v!]), array([0, 2]));
    expect(y).toEqual([0, 5]);
  });

  it('integers are rounded when they become floats', async () => {
    const y = await run((v) => v!.cast('f32').sub(16777216), array([16777217, 16777219], { dtype: 'i32' }));
    expect(y).toEqual([0, 4]);
  });

  it('the smallest integer divided by −1 wraps', async () => {
    const i32 = (...values: number[]): HostArray => array(values, { dtype: 'i32' });
    expect(await run((a, b) => a!.div(b!), i32(-2147483648, 7), i32(-1, -1))).toEqual([-2147483648, -7]);
    expect(await run((a, b) => a!.rem(b!), i32(-2147483648, 7), i32(-1, -2))).toEqual([0, 1]);
  });

  it('an integer divided by zero is an error', async () => {
    const i32 = (...values: number[]): HostArray => array(values, { dtype: 'i32' });
    for (const attempt of [(x: Tensor, y: Tensor) => x.div(y), (x: Tensor, y: Tensor) => x.rem(y)]) {
      await expect(run((x, y) => attempt(x!, y!), i32(7, 8), i32(2, 0))).rejects.toMatchObject({ code: 'EXECUTION' });
      await expect(run((x, y) => attempt(x!, y!), i32(7, 8), i32(0))).rejects.toMatchObject({ code: 'EXECUTION' });
    }
    expect(await run((x, y) => x!.div(y!), array([[7], [-7]], { dtype: 'i32' }), i32(2, 3))).toEqual([3, 2, -3, -2]);
  });

  it('scatterAdd adds in double precision, along any axis', async () => {
    const n = 65536;
    const x = array(new Float32Array(3 * n).fill(1.1), { shape: [3, n] });
    const index = array(new Int32Array(n).fill(1), { dtype: 'i32' });
    const sums = await run((v, i) => v!.scatterAdd(i!, 2, 1), x, index);
    const exact = Math.fround(n * Math.fround(1.1));
    expect(sums).toEqual([0, exact, 0, exact, 0, exact]);
  });

  it('an index out of range is an error', async () => {
    const index = array([0, 4], { dtype: 'i32' });
    for (const attempt of [(x: Tensor, i: Tensor) => x.gather(i), (x: Tensor, i: Tensor) => x.scatterAdd(i, 3)]) {
      await expect(run((x, i) => attempt(x!, i!), array([1, 2]), index)).rejects.toMatchObject({ code: 'EXECUTION' });
    }
  });

  it.each([5, 6, 7, 8])('takes tensors of %i axes', async (rank) => {
    const shape = Array.from({ length: rank }, (_, axis) => 1 + (axis % 3 === 1 ? 1 : 0) + (axis % 4 === 2 ? 2 : 0));
    const size = shape.reduce((a, b) => a * b, 1);
    const x = array(
      Float32Array.from({ length: size }, (_, i) => i),
      { shape },
    );
    const [before, after] = [shape.map((_, axis) => axis % 2), shape.map((_, axis) => axis % 3)];
    const fn = (v: Tensor): Tensor =>
      v
        .pad(before, after, 0.5)
        .slice(before, shape)
        .add(v.sum({ axes: [...shape.keys()].filter((axis) => axis % 2 === 1), keepDims: true }))
        .transpose([...shape.keys()].reverse())
        .add(v.sum({ axes: [1, rank - 1], keepDims: true }).transpose([...shape.keys()].reverse()))
        .slice(
          shape.map(() => 0),
          [...shape].reverse().map((n) => Math.max(1, n - 1)),
        );
    const exact = compile(reference(), fn);
    expect(await run((v) => fn(v!), x)).toEqual(Array.from((await (await exact(x)).read()).data));
  });
});
