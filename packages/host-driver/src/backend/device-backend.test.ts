/** An engine around hand-made programs: what lives how long, and what is refused. */
import { array, ExecutionError, hostArray, tensorType, value, type Graph, type HostArray } from '@node-ode/core';
import { collectGarbage } from '@node-ode/tools/collect-garbage';
import { describe, expect, it } from 'vitest';
import type { DeviceValue } from '../device.ts';
import { deviceBackend, type DeviceBackendParts } from './device-backend.ts';
import type { Program } from './program.ts';

interface Vector extends DeviceValue {
  readonly array: HostArray;
}

const pair = tensorType([2], 'f32');
const inputs = [value(pair), value(pair)];
/** What it does is the program's business. */
const graph: Graph = { name: 'g', inputs, nodes: [], outputs: [inputs[0]!, inputs[1]!] };

/** A backend whose programs do what they are told, with counts of what is alive. */
function make(run: Program<Vector>['run'], parts: Partial<DeviceBackendParts<Vector>> = {}) {
  const counts = { values: 0, programs: 0, closed: 0 };
  const vector = (source: HostArray): Vector => {
    counts.values++;
    return { array: source, dispose: () => counts.values-- };
  };
  const backend = deviceBackend<Vector>({
    name: 'test',
    capabilities: { dtypes: ['f32'], composites: [] },
    compileProgram: () => {
      counts.programs++;
      return { placement: [], run, dispose: () => void counts.programs-- };
    },
    toDevice: vector,
    toHost: ({ array: { data } }) => data.slice(),
    close: () => void counts.closed++,
    ...parts,
  });
  const upload = (...numbers: number[]) => backend.upload(array(numbers));
  return { backend, counts, vector, upload };
}

const swap: Program<Vector>['run'] = ([x, y]) => Promise.resolve([y!, x!]);

describe('arrays', () => {
  it('that are results and inputs share a value; donated ones are given up', async () => {
    const { backend, counts, upload } = make(swap);
    const executable = await backend.compile(graph);
    const [x, y] = [await upload(1, 2), await upload(3, 4)];
    const [first, second] = await executable.run([x, y], { donate: [0] });
    expect(counts.values).toBe(2);
    await expect(x.read()).rejects.toThrow('disposed, or donated');
    y.dispose();
    expect([(await first!.read()).data, (await second!.read()).data]).toEqual([
      new Float32Array([3, 4]),
      new Float32Array([1, 2]),
    ]);
    first!.dispose();
    second!.dispose();
    expect(counts.values).toBe(0);
  });

  it('that are one result twice share it', async () => {
    const both = make(() => {
      const made = both.vector(array([5, 6]));
      return Promise.resolve([made, made]);
    });
    const x = await both.upload(1, 2);
    const [a, b] = await (await both.backend.compile(graph)).run([x, x]);
    a!.dispose();
    expect((await b!.read()).data).toEqual(new Float32Array([5, 6]));
    expect(both.counts.values).toBe(2);
    b!.dispose();
    x.dispose();
    expect(both.counts.values).toBe(0);
  });

  it('stay as they are when a run fails, donated or not', async () => {
    const { backend, counts, upload } = make(() => Promise.reject(new Error('lost')));
    const [x, y] = [await upload(1, 2), await upload(3, 4)];
    const executable = await backend.compile(graph);
    await expect(executable.run([x, y], { donate: [0, 1] })).rejects.toThrow('lost');
    expect((await x.read()).data).toEqual(new Float32Array([1, 2]));
    x.dispose();
    y.dispose();
    expect(counts.values).toBe(0);
  });

  it('are checked before they are uploaded', async () => {
    const { backend, counts } = make(swap);
    await expect(backend.upload(hostArray(Float32Array.of(1), [2], 'f32'))).rejects.toMatchObject({ code: 'SHAPE' });
    expect(counts.values).toBe(0);
  });

  it('an upload that fails is the error of the upload', async () => {
    const { backend } = make(swap, {
      toDevice: () => {
        throw new ExecutionError('upload', 'the device is full');
      },
    });
    await expect(backend.upload(array([1]))).rejects.toThrow('upload: the device is full');
  });

  it('of another shape than was compiled are an error where values know theirs', async () => {
    const knowing = make(() => Promise.resolve([knowing.vector(array([1, 2])), knowing.vector(array([1]))]), {
      shapeOf: ({ array: { shape } }) => shape,
    });
    const x = await knowing.upload(1, 2);
    await expect((await knowing.backend.compile(graph)).run([x, x])).rejects.toThrow(
      "run: output 2 of graph 'g' has shape [1]; expected f32[2]. Please report it with printGraph(graph).",
    );
    expect(knowing.counts.values).toBe(1);
  });
});

describe('the end', () => {
  it('of a program comes after the last of its runs', async () => {
    let finish = (): void => undefined;
    const slow = make(([x, y]) => new Promise((resolve) => (finish = () => resolve([x!, y!]))));
    const x = await slow.upload(1, 2);
    const executable = await slow.backend.compile(graph);
    const running = executable.run([x, x]);
    executable.dispose();
    executable.dispose();
    await expect(executable.run([x, x])).rejects.toThrow("the executable of graph 'g' was disposed");
    expect(slow.counts.programs).toBe(1);
    const end = slow.backend.dispose();
    finish();
    await running;
    await end;
    expect(slow.counts).toMatchObject({ programs: 0, closed: 1 });
  });

  it('of a backend waits for what is under way, happens once, and refuses the rest', async () => {
    const { backend, counts, upload } = make(swap);
    const executable = await backend.compile(graph);
    const x = await upload(1, 2);
    const running = executable.run([x, x]);
    await Promise.all([backend.dispose(), backend.dispose()]);
    await backend.dispose();
    await expect(running).resolves.toHaveLength(2);
    expect(counts.closed).toBe(1);
    const disposed = expect.objectContaining({ message: expect.stringContaining('the test backend was disposed') });
    await expect(backend.upload(array([1]))).rejects.toEqual(disposed);
    await expect(backend.compile(graph)).rejects.toEqual(disposed);
    await expect(executable.run([x, x])).rejects.toEqual(disposed);
    await expect(backend.download(x)).rejects.toEqual(disposed);
    await expect(x.read()).rejects.toEqual(disposed);
    x.dispose();
    executable.dispose();
  });

  it('of a program that was forgotten comes by itself', async () => {
    const { backend, counts } = make(swap);
    await (async () => backend.compile(graph))();
    expect(counts.programs).toBe(1);
    await collectGarbage(() => counts.programs === 0);
    expect(counts.programs).toBe(0);
  });

  it('that fails is nobody’s error but the disposer’s', async () => {
    const { backend } = make(swap, {
      compileProgram: () => ({ placement: [], run: swap, dispose: () => Promise.reject(new Error('stuck')) }),
      close: () => Promise.reject(new Error('no end')),
    });
    (await backend.compile(graph)).dispose();
    await expect(backend.dispose()).rejects.toThrow('no end');
  });
});
