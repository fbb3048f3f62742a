/** The engine around hand-made models: arrays in and out, and what lives how long. Lowering is tested elsewhere. */
import { array, hostArray, tensorType, type DeviceArray, type HostArray } from '@node-ode/core';
import * as ort from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { collectGarbage } from '@node-ode/tools/collect-garbage';
import { emptyGraph, f32, smallModel, smallPrograms } from '../../test/small-models.ts';
import type { Provider } from '../lower/contract.ts';
import { onnxBackend, type OnnxBackend } from './backend.ts';
import { checkOptions, type OnnxOptions } from './options.ts';
import type { OrtModule } from './ort.ts';
import type { CompileProgram } from './programs.ts';

const providers: readonly Provider[] = process.env['NODE_ODE_WEBGPU'] === 'swiftshader' ? ['cpu', 'webgpu'] : ['cpu'];

const pair = f32(2);
const flags = tensorType([3], 'bool');
const models = {
  add: smallModel('add', { x: pair, y: pair }, { z: pair }, [['Add', 'x', 'y', 'z']]),
  /** exp(x) twice, and x itself. */
  thrice: smallModel('thrice', { x: pair }, { a: pair, b: pair, c: pair }, [
    ['Exp', 'x', 'e'],
    ['Identity', 'e', 'a'],
    ['Identity', 'e', 'b'],
    ['Identity', 'x', 'c'],
  ]),
  pass: smallModel('pass', { x: pair, y: pair }, { z: pair }, [['Add', 'x', 'y', 'z']]),
  less: smallModel('less', { x: f32(3), y: f32(3) }, { z: flags }, [['Less', 'x', 'y', 'z']]),
  wrongShape: smallModel('wrongShape', { x: pair }, { y: pair }, [['Identity', 'x', 'y']]),
  lookUp: smallModel('lookUp', { x: f32(3), i: tensorType([1], 'i32') }, { y: f32(1) }, [['Gather', 'x', 'i', 'y']]),
};
const graphs = {
  add: emptyGraph('add', [pair, pair], [pair]),
  thrice: emptyGraph('thrice', [pair], [pair, pair, pair]),
  pass: emptyGraph('pass', [pair, pair], [pair, pair]),
  less: emptyGraph('less', [f32(3), f32(3), flags], [flags]),
  wrongShape: emptyGraph('wrongShape', [pair, f32(1)], [f32(1)]),
  lookUp: emptyGraph('lookUp', [f32(3), tensorType([1], 'i32'), f32(1)], [f32(1)]),
};

const make = (provider: Provider = 'cpu', module: OrtModule = ort, compile: CompileProgram = smallPrograms(models)) =>
  onnxBackend(module, checkOptions({ provider } as OnnxOptions), undefined, compile);

const numbers = async (x: DeviceArray | undefined): Promise<readonly number[]> => [...((await x?.read())?.data ?? [])];

describe.each(providers)('arrays on %s', (provider) => {
  const backend = make(provider);
  afterAll(() => backend.dispose());

  const samples: readonly HostArray[] = [
    array([0, -0, 1.5, -1e-45, 3.4e38, NaN, Infinity, -Infinity], { dtype: 'f32', shape: [2, 4] }),
    array([0, 1, -1, 2147483647, -2147483648], { dtype: 'i32' }),
    array([true, false, false, true, true]),
    array(7),
    array([], { dtype: 'f32', shape: [3, 0] }),
    ...(provider === 'cpu' ? [array([0.1, 5e-324, -1.7e308, NaN, -0, 1], { dtype: 'f64', shape: [3, 2] })] : []),
  ];

  it.each(samples.map((sample) => ({ sample, name: `${sample.dtype}[${sample.shape.join()}]` })))(
    'give back what they were given: $name',
    async ({ sample }) => {
      const device = await backend.upload(sample);
      expect([device.shape, device.dtype, device.backend]).toEqual([sample.shape, sample.dtype, `onnx-${provider}`]);
      expect(await device.read()).toEqual(sample);
      expect(await backend.download(device)).toEqual(sample);
      device.dispose();
    },
  );

  it('are copies, both ways', async () => {
    const source = array([1, 2]);
    const shape = [2];
    const device = await backend.upload(hostArray(source.data, shape, 'f32'));
    source.data[0] = 99;
    shape[0] = 1;
    const first = await device.read();
    expect(first).toEqual(array([1, 2]));
    first.data[1] = 99;
    expect(await device.read()).toEqual(array([1, 2]));
  });

  it('hold booleans as 0 and 1, whatever made them true', async () => {
    const device = await backend.upload(hostArray(Uint8Array.of(0, 1, 255), [3], 'bool'));
    expect((await device.read()).data).toEqual(Uint8Array.of(0, 1, 1));
  });

  it('may be results that are inputs, or the same value twice', async () => {
    const pass = await backend.compile(graphs.pass);
    const [x, y] = [await backend.upload(array([1, 2])), await backend.upload(array([3, 4]))];
    const [first, second] = await pass.run([x, y]);
    x.dispose();
    expect([await numbers(first), await numbers(second)]).toEqual([
      [3, 4],
      [1, 2],
    ]);
    const [again, same] = await pass.run([y, y], { donate: [0, 1] });
    await expect(y.read()).rejects.toThrow('disposed, or donated');
    again?.dispose();
    first?.dispose();
    expect(await numbers(same)).toEqual([3, 4]);
  });

  it('share no memory that could be freed twice', async () => {
    const thrice = await backend.compile(graphs.thrice);
    const x = await backend.upload(array([0, 1]));
    const [a, b, c] = await thrice.run([x], { donate: [0] });
    a?.dispose();
    // What was freed may be given to another array.
    const others = await Promise.all([7, 8, 9].map((n) => backend.upload(array([n, n]))));
    expect(await numbers(b)).toEqual([1, expect.closeTo(Math.E, 5)]);
    expect(await numbers(c)).toEqual([0, 1]);
    expect(await Promise.all(others.map(numbers))).toEqual([
      [7, 7],
      [8, 8],
      [9, 9],
    ]);
  });

  it('stay on the device from run to run', async () => {
    const add = await backend.compile(graphs.add);
    const one = await backend.upload(array([1, -1]));
    let state = await backend.upload(array([0, 0]));
    for (let i = 0; i < 50; i++) state = (await add.run([state, one], { donate: [0] }))[0]!;
    expect(await numbers(state)).toEqual([50, -50]);
  });

  it('may be booleans that were computed', async () => {
    const compare = await backend.compile(graphs.less);
    const [x, y] = [await backend.upload(array([1, 5, 3])), await backend.upload(array([2, 4, 9]))];
    const [z] = await compare.run([x, y, await backend.upload(array([true, true, true]))]);
    expect(await z?.read()).toEqual(array([true, false, true]));
  });

  it('are freed when nobody has them any more', async () => {
    let disposals = 0;
    const Tensor = new Proxy(ort.Tensor, {
      construct: (target, args) => {
        const tensor: ort.Tensor = Reflect.construct(target, args);
        const dispose = tensor.dispose.bind(tensor);
        return Object.assign(tensor, {
          dispose: () => {
            disposals++;
            dispose();
          },
        });
      },
    });
    const counted = make('cpu', { ...ort, Tensor });
    const x = await counted.upload(array([1, 2]));
    const pass = await counted.compile(graphs.pass);
    const [y, z] = await pass.run([x, x]);
    x.dispose();
    y?.dispose();
    expect(disposals).toBe(0);
    z?.dispose();
    expect(disposals).toBe(1);
    await (async () => counted.upload(array([3, 4])))();
    await collectGarbage(() => disposals > 1);
    expect(disposals).toBe(2);
  });
});

describe('executables', () => {
  const upload = (backend: OnnxBackend, ...values: number[]): Promise<DeviceArray> => backend.upload(array(values));

  it('check what they are given', async () => {
    const backend = make();
    const add = await backend.compile(graphs.add);
    const x = await upload(backend, 1, 2);
    await expect(add.run([x])).rejects.toMatchObject({ code: 'SHAPE' });
    await expect(add.run([x, await upload(backend, 1, 2, 3)])).rejects.toMatchObject({ code: 'SHAPE' });
    await expect(add.run([x, await backend.upload(array([1, 2], { dtype: 'i32' }))])).rejects.toMatchObject({
      code: 'DTYPE',
    });
    await expect(add.run([x, x], { donate: [2] })).rejects.toMatchObject({ code: 'OPTION' });
    await expect(add.run([x, await upload(make(), 1, 2)])).rejects.toThrow('another onnx-cpu backend');
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(add.run([x, x], { signal: aborted, donate: [0] })).rejects.toThrow('enough');
    expect(await numbers((await add.run([x, x]))[0])).toEqual([2, 4]);
    x.dispose();
    await expect(add.run([x, x])).rejects.toThrow('disposed');
  });

  it('leave everything as it was when a run fails', async () => {
    const backend = make();
    const gather = await backend.compile(graphs.lookUp);
    const x = await upload(backend, 1, 2, 3);
    const one = await upload(backend, 1);
    const at = (i: number): Promise<DeviceArray> => backend.upload(array([i], { dtype: 'i32' }));
    await expect(gather.run([x, await at(9), one], { donate: [0] })).rejects.toMatchObject({
      code: 'EXECUTION',
      message: expect.stringContaining("graph 'lookUp' stopped at 'gather'"),
    });
    expect(await numbers(x)).toEqual([1, 2, 3]);
    expect(await numbers((await gather.run([x, await at(2), one]))[0])).toEqual([3]);
  });

  it('never give another shape than was compiled', async () => {
    const backend = make();
    const wrong = await backend.compile(graphs.wrongShape);
    await expect(wrong.run([await upload(backend, 1, 2), await upload(backend, 1)])).rejects.toMatchObject({
      code: 'EXECUTION',
      message: expect.stringContaining("output 1 of graph 'wrongShape' has shape [2]; expected f32[1]"),
    });
  });

  it('say where they run, and count nothing that they do not know', async () => {
    const add = await make().compile(graphs.add);
    expect(add.placement).toEqual([{ part: 'model', provider: 'cpu', operations: [], nodes: 1 }]);
    expect(add.counters).toBeUndefined();
    expect(add.runSync).toBeUndefined();
  });

  it('are freed after the last of their runs, or when they are forgotten', async () => {
    let disposed = 0;
    const finish: (() => void)[] = [];
    const slow: CompileProgram = () =>
      Promise.resolve({
        placement: [],
        run: (inputs) =>
          new Promise((resolve) => {
            finish.push(() => {
              resolve([inputs[0]!]);
            });
          }),
        dispose: () => {
          disposed++;
          return Promise.resolve();
        },
      });
    const backend = make('cpu', ort, slow);
    const x = await upload(backend, 1, 2);
    const executable = await backend.compile(graphs.add);
    const running = executable.run([x, x]);
    executable.dispose();
    executable.dispose();
    x.dispose();
    await expect(executable.run([x, x])).rejects.toThrow("the executable of graph 'add' was disposed");
    expect(disposed).toBe(0);
    const disposing = backend.dispose();
    finish.forEach((end) => end());
    await running;
    await disposing;
    expect(disposed).toBe(1);
    const other = make('cpu', ort, slow);
    await (async () => other.compile(graphs.add))();
    await collectGarbage(() => disposed > 1);
    expect(disposed).toBe(2);
    // One of whose methods somebody has is not forgotten.
    const { run } = await other.compile(graphs.add);
    await (async () => other.compile(graphs.add))();
    await collectGarbage(() => disposed > 2);
    expect(disposed).toBe(3);
    await expect(run([])).rejects.toMatchObject({ code: 'SHAPE' });
  });
});

describe('a backend', () => {
  it('says what it is', () => {
    const backend = make();
    expect([backend.name, make('webgpu').name, make('cuda').name]).toEqual(['onnx-cpu', 'onnx-webgpu', 'onnx-cuda']);
    expect(backend.runtime).toMatch(/^onnxruntime-node 1\./);
    expect(backend.capabilities.composites.length).toBe(12);
    expect(make('webgpu').capabilities.dtypes).toEqual(['f32', 'i32', 'bool']);
    expect(make('cuda').capabilities.dtypes).toContain('f64');
  });

  it('refuses everything when it was disposed', async () => {
    const backend = make();
    const add = await backend.compile(graphs.add);
    const x = await backend.upload(array([1, 2]));
    const [running] = [add.run([x, x])];
    await Promise.all([backend.dispose(), backend.dispose()]);
    await expect(running).resolves.toHaveLength(1);
    const disposed = expect.objectContaining({ message: expect.stringContaining('the onnx-cpu backend was disposed') });
    await expect(backend.upload(array([1]))).rejects.toEqual(disposed);
    await expect(backend.compile(graphs.add)).rejects.toEqual(disposed);
    await expect(add.run([x, x])).rejects.toEqual(disposed);
    await expect(backend.download(x)).rejects.toEqual(disposed);
    x.dispose();
    add.dispose();
    await backend.dispose();
  });

  it('checks what it uploads', async () => {
    const backend = make();
    await expect(backend.upload(hostArray(Float32Array.of(1), [2], 'f32'))).rejects.toMatchObject({ code: 'SHAPE' });
    await expect(backend.upload(hostArray(Float32Array.of(1), [1], 'f64'))).rejects.toMatchObject({ code: 'DTYPE' });
  });
});
