import {
  array,
  hostArray,
  tapeType,
  value,
  type Backend,
  type DeviceArray,
  type Graph,
  type HostArray,
  type Node,
} from '@node-ode/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Bool, build, F32, f32, F64, f64, I32, i32 } from '../test/builder.ts';
import { reference } from './index.ts';

let backend: Backend;
beforeEach(() => {
  backend = reference({ poison: true });
});

const double = build('double', [f64(2)], (g, x) => [g.one('add', [x!, x!])]);

/** gather(x, index): fails for an index outside. */
const pick = build('pick', [f64(2), i32()], (g, x, i) => {
  const y = g.one('setRow', [g.one('neg', [x!]), g.constant(0, 'i32'), g.constant(5)]);
  return [g.one('gather', [y, i!], { axis: 0 })];
});

const upload = (source: HostArray): Promise<DeviceArray> => backend.upload(source);
const read = async (a: DeviceArray | undefined): Promise<number[]> => [...(await a!.read()).data];

describe('arrays', () => {
  it('copies what is uploaded and what is read', async () => {
    const source = F64([1, 2]);
    const device = await upload(source);
    source.data[0] = 99;
    const first = await device.read();
    expect(first).toEqual(F64([1, 2]));
    first.data[0] = 99;
    expect(await backend.download(device)).toEqual(F64([1, 2]));
    expect([device.backend, device.shape, device.dtype]).toEqual(['reference', [2], 'f64']);
  });

  it('stores booleans as 0 and 1', async () => {
    const device = await upload(hostArray(Uint8Array.of(0, 7, 1), [3], 'bool'));
    expect(await device.read()).toEqual(Bool([false, true, true]));
  });

  it('refuses data that does not fit the shape or the dtype', async () => {
    await expect(upload(hostArray(new Float32Array(3), [2], 'f32'))).rejects.toMatchObject({
      code: 'SHAPE',
      message: 'upload: 3 elements for shape [2]; expected 2 elements.',
    });
    await expect(upload(hostArray(new Float64Array(2), [2], 'f32'))).rejects.toMatchObject({
      code: 'DTYPE',
      message: 'upload: a Float64Array for f32; expected Float32Array.',
    });
  });

  it('cannot be used after it was disposed of, which may happen twice', async () => {
    const device = await upload(F64([1, 2]));
    device.dispose();
    device.dispose();
    await expect(device.read()).rejects.toMatchObject({ code: 'EXECUTION', operation: 'read' });
    await expect(backend.download(device)).rejects.toThrow('the array was disposed, or donated to a run');
    const executable = await backend.compile(double);
    await expect(executable.run([device])).rejects.toThrow('run: the array was disposed');
  });

  it('belongs to the backend that made it', async () => {
    const other = await reference().upload(F64([1, 2]));
    const executable = await backend.compile(double);
    await expect(executable.run([other])).rejects.toThrow('the array belongs to another reference backend');
    const foreign: DeviceArray = { ...other, backend: 'wasm' };
    await expect(executable.run([foreign])).rejects.toThrow("the array belongs to backend 'wasm'");
    await expect(backend.download(foreign)).rejects.toMatchObject({ code: 'EXECUTION' });
  });
});

describe('runs', () => {
  it('runs with and without a promise', async () => {
    const executable = await backend.compile(double);
    const x = await upload(F64([1, 2]));
    expect(await read((await executable.run([x]))[0])).toEqual([2, 4]);
    expect(await read(executable.runSync!([x])[0])).toEqual([2, 4]);
    expect(await read(x)).toEqual([1, 2]);
  });

  it('feeds results into other executables of the backend', async () => {
    const [first, second] = [await backend.compile(double), await backend.compile(double)];
    const [y] = await first.run([await upload(F64([1, 2]))]);
    const [z] = await second.run([y!]);
    y!.dispose();
    expect(await read(z)).toEqual([4, 8]);
  });

  it('gives arrays of their own for results that are inputs', async () => {
    const same = await backend.compile(build('same', [f64(2)], (_, x) => [x!, x!]));
    const x = await upload(F64([1, 2]));
    const [a, b] = await same.run([x]);
    x.dispose();
    a!.dispose();
    expect(await read(b)).toEqual([1, 2]);
  });

  it('refuses inputs of the wrong number, shape or dtype', async () => {
    const executable = await backend.compile(double);
    await expect(executable.run([])).rejects.toMatchObject({
      code: 'SHAPE',
      message: "run: 0 inputs for graph 'double'; expected 1.",
    });
    await expect(executable.run([await upload(F64([1, 2, 3]))])).rejects.toThrow(
      "run: input 1 of graph 'double' is f64[3]; expected f64[2].",
    );
    await expect(executable.run([await upload(F32([1, 2]))])).rejects.toMatchObject({
      code: 'DTYPE',
      message: "run: input 1 of graph 'double' is f32[2]; expected f64[2]. Compile again for other types.",
    });
  });

  it('keeps its counters until the next run', async () => {
    const graph = build('main', [f64(2)], (g, x) => [g.one('call', [x!], { graph: double })]);
    const executable = await backend.compile(graph);
    expect(executable.counters!()).toBeUndefined();
    const x = await upload(F64([1, 2]));
    for (let i = 0; i < 2; i++) {
      await executable.run([x]);
      expect(executable.counters!()).toEqual({ calls: { double: 1 }, peakBytes: 32, tapeEntries: 0 });
    }
  });

  it('is refused once the executable or the backend is disposed of', async () => {
    const executable = await backend.compile(double);
    const x = await upload(F64([1, 2]));
    executable.dispose();
    executable.dispose();
    await expect(executable.run([x])).rejects.toThrow("run: the executable of graph 'double' was disposed");
    await backend.dispose();
    await expect(backend.compile(double)).rejects.toThrow('the reference backend was disposed');
    await expect(upload(F64([1]))).rejects.toMatchObject({ code: 'EXECUTION', operation: 'upload' });
  });

  it('aborts before it starts, and between the iterations of a loop', async () => {
    const types = [i32()];
    const condition = build('condition', types, (g, n) => [g.one('less', [n!, g.constant(1000, 'i32')])]);
    const body = build('body', types, (g, n) => [g.one('add', [n!, g.constant(1, 'i32')])]);
    const graph = build('main', types, (g, n) =>
      g.many('whileLoop', [n!], { condition, body, constants: 0, taped: 0, advances: false }),
    );
    const executable = await backend.compile(graph);
    const n = await upload(I32(0));
    const controller = new AbortController();
    controller.abort();
    await expect(executable.run([n], { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    const late = new AbortController();
    let checks = 0;
    late.signal.throwIfAborted = () => {
      if (++checks > 10) throw new Error('stopped');
    };
    await expect(executable.run([n], { signal: late.signal })).rejects.toThrow('stopped');
    expect(await read((await executable.run([n]))[0])).toEqual([1000]);
  });
});

describe('donated inputs', () => {
  it('are gone after the run', async () => {
    const executable = await backend.compile(double);
    const x = await upload(F64([1, 2]));
    const [y] = await executable.run([x], { donate: [0] });
    expect(await read(y)).toEqual([2, 4]);
    await expect(x.read()).rejects.toThrow('donated');
  });

  it('may be results', async () => {
    const same = await backend.compile(build('same', [f64(2)], (_, x) => [x!]));
    const [y] = await same.run([await upload(F64([1, 2]))], { donate: [0] });
    expect(await read(y)).toEqual([1, 2]);
  });

  it('are still there if the run fails, and so are the others', async () => {
    const executable = await backend.compile(pick);
    const [x, bad, good] = [await upload(F64([1, 2])), await upload(I32(2)), await upload(I32(1))];
    await expect(executable.run([x, bad], { donate: [0, 1] })).rejects.toThrow('gather: index 2');
    expect(await read(x)).toEqual([1, 2]);
    expect(await read(bad)).toEqual([2]);
    const [y] = await executable.run([x, good], { donate: [0] });
    expect(await read(y)).toEqual([-2]);
    await expect(x.read()).rejects.toThrow('donated');
  });

  it('are positions of inputs', async () => {
    const executable = await backend.compile(double);
    await expect(executable.run([await upload(F64([1, 2]))], { donate: [1] })).rejects.toMatchObject({
      code: 'OPTION',
    });
  });
});

describe('failed runs', () => {
  it('leave the executable as good as new', async () => {
    const types = [f64(2), i32(), f64(2)];
    const condition = build('condition', types, (g, _, n) => [g.one('less', [n!, g.constant(10, 'i32')])]);
    const body = build('body', types, (g, k, n, x) => [
      g.one('add', [n!, g.constant(1, 'i32')]),
      g.one('setRow', [x!, n!, g.one('sum', [k!], { axes: [0], keepDims: false })]),
      x!,
    ]);
    const graph = build('main', [f64(2), i32()], (g, k, n) => {
      const params = { condition, body, constants: 1, taped: 1, advances: false };
      return g.many('whileLoop', [k!, n!, k!], params).slice(0, 2);
    });
    const executable = await backend.compile(graph);
    const k = await upload(F64([1, 2]));
    const zero = await upload(I32(0));
    await expect(executable.run([k, zero])).rejects.toThrow('setRow: index 2 along an axis of 2 elements');
    expect(await read(k)).toEqual([1, 2]);
    const [n, x] = await executable.run([k, await upload(I32(10))]);
    expect([await read(n), await read(x)]).toEqual([[10], [1, 2]]);
    await expect(executable.run([k, zero])).rejects.toThrow('setRow: index 2');
    k.dispose();
    expect(await read(x)).toEqual([1, 2]);
  });
});

describe('compile', () => {
  const refuse = (graph: Graph): Promise<unknown> => backend.compile(graph);

  it('names a composite that should have been decomposed, wherever it is', async () => {
    const inner = build('inner', [f32(2)], (g, x) => [g.one('softmax', [x!], { axis: 0 })]);
    const graph = build('main', [f32(2)], (g, x) => [g.one('call', [x!], { graph: inner })]);
    await expect(refuse(graph)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(refuse(graph)).rejects.toThrow("compile: the reference engine has no primitive 'softmax'");
  });

  it('names what lowering removes', async () => {
    await expect(refuse(build('g', [f32()], (g, x) => [g.one('stopGradient', [x!])]))).rejects.toThrow(
      "'stopGradient'",
    );
    const same = build('same', [f32()], (_, x) => [x!]);
    const custom = build('g', [f32()], (g, x) => g.many('customVjp', [x!], { graph: same, reverse: () => [null] }));
    await expect(refuse(custom)).rejects.toThrow("'customVjp'");
  });

  it('lowers the composites that it claims', async () => {
    expect(backend.capabilities).toEqual({
      dtypes: ['f32', 'f64', 'i32', 'bool'],
      composites: ['linearCombination', 'errorNorm', 'allFinite', 'mean', 'softplus', 'linearSolve'],
    });
    const graph = build('g', [f32(2)], (g, x) => [
      g.one('mean', [x!], { axes: [0], keepDims: false }),
      g.one('softplus', [x!]),
      g.one('linearCombination', [g.constant(1, 'f32'), x!], { coefficients: [2] }),
      g.one('errorNorm', [x!, x!, x!, x!, x!]),
      g.one('allFinite', [x!, x!]),
    ]);
    await expect(backend.compile(graph)).resolves.toBeDefined();
  });

  it('refuses tapes as inputs', async () => {
    const tape = value(tapeType({ kind: 'tensor', shape: [], dtype: 'f32' }));
    await expect(refuse({ name: 'g', inputs: [tape], nodes: [], outputs: [] })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
    await expect(refuse({ name: 'g', inputs: [tape], nodes: [], outputs: [] })).rejects.toThrow(
      "input 1 of graph 'g' is tape<f32[]>",
    );
  });

  it('refuses a graph that is not closed', async () => {
    const [x, y] = [value(f32()), value(f32())];
    const node: Node = { op: 'exp', inputs: [x], params: {}, outputs: [y] };
    await expect(refuse({ name: 'open', inputs: [], nodes: [node], outputs: [y] })).rejects.toThrow(
      "graph 'open', node 1 (exp)",
    );
  });
});

it('reads results as the arrays that core makes', async () => {
  const executable = await backend.compile(double);
  const [y] = await executable.run([await upload(array([1, 2], { dtype: 'f64' }))]);
  expect(await y!.read()).toEqual(array([2, 4], { dtype: 'f64' }));
});
