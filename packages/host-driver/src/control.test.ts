/** Control flow that is driven from the host gives what the reference engine gives, and leaves nothing on the device. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  compile,
  random,
  scan,
  tensorType,
  value,
  whileLoop,
  type Backend,
  type Graph,
  type HostArray,
  type Tensor,
  type Value,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { fakeBackend, fakeDevice, type DeviceLog } from '../test/fake-device.ts';

type Program = (...inputs: Tensor[]) => readonly Tensor[];

async function run(backend: Backend, fn: Program, inputs: readonly HostArray[]): Promise<readonly HostArray[]> {
  const compiled = compile(backend, fn);
  const outputs = await compiled(...inputs);
  const read = await Promise.all(outputs.map((output) => output.read()));
  for (const output of outputs) output.dispose();
  compiled.dispose();
  return read;
}

/** Runs a program on devices that count, and checks its results and that it leaves nothing. */
async function agree(fn: Program, inputs: readonly HostArray[]): Promise<DeviceLog> {
  const expected = await run(reference(), fn, inputs);
  const logs: DeviceLog[] = [];
  for (const waits of [false, true]) {
    const device = fakeDevice({ waits });
    expect(await run(fakeBackend(device), fn, inputs)).toEqual(expected);
    expect(device.log.live).toBe(0);
    logs.push(device.log);
  }
  const [direct, waiting] = logs as [DeviceLog, DeviceLog];
  expect([direct.runs, direct.uploads]).toEqual([waiting.runs, waiting.uploads]);
  return waiting;
}

const i32 = (n: number): HostArray => array(n, { dtype: 'i32' });
const draw = (...shape: number[]): HostArray => {
  const rng = random(1);
  const size = shape.reduce((a, b) => a * b, 1);
  return array(
    Float64Array.from({ length: size }, () => rng.normal()),
    { shape, dtype: 'f32' },
  );
};

describe('sequences', () => {
  it.each([1, 2, 31, 32, 33, 64, 65, 1024, 1025])('stacks %d elements from the device', async (length) => {
    const double: Program = (x) => {
      const { carry, outputs } = scan(x!, [], (c) => ({ carry: c.neg(), output: c.mul(2) }), { length, reverse: true });
      return [carry, outputs];
    };
    const log = await agree(double, [draw(3)]);
    // One run for each element, and one for each group of up to 32 neighbours.
    const joins = (count: number): number => (count <= 32 ? 1 : Math.ceil(count / 32) + joins(Math.ceil(count / 32)));
    expect(log.runs).toBe(length + joins(length));
  });

  it.each([7, 1024, 1025])('stacks %d scalars that the host has', async (length) => {
    const count: Program = (n) => {
      const { outputs } = scan(n!, [], (c) => ({ carry: c.add(1), output: c.mul(c) }), { length });
      return [outputs];
    };
    expect((await agree(count, [i32(3)])).runs).toBe(0);
  });

  it('reads small tensors on the host, and large ones on the device', async () => {
    const total: Program = (x, y) => {
      const { carry } = scan(x!.at(0).mul(0), x!, (sum, e) => ({ carry: sum.add(e) }));
      const other = scan(y!.at(0).mul(0), y!, (sum, e) => ({ carry: sum.mul(0.5).add(e) })).carry;
      return [carry, other];
    };
    expect((await agree(total, [draw(5), draw(4, 600)])).runs).toBe(1 + 4);
  });
});

describe('carries', () => {
  it('may begin as what the loop also captures', async () => {
    const loop: Program = (x, n) => {
      const y = x!.neg();
      const { carry } = whileLoop(
        { i: n!.mul(0), z: y, w: y },
        ({ i }) => i.less(n!),
        (c) => ({ carry: { i: c.i.add(1), z: c.z.mul(0.5).add(y), w: c.w.add(c.z) } }),
      );
      return [carry.z, carry.w];
    };
    await agree(loop, [draw(3), i32(3)]);
  });

  it.each([
    ['stay as they are', [0, 1, 2]],
    ['are repeated', [0, 0, 0]],
    ['are swapped', [1, 0, 2]],
    ['go round', [2, 0, 1]],
    ['are dropped', [3, 3, 3]],
  ])('that %s', async (_, sources) => {
    // Not through core's passes, which have no carry that stays as it is.
    const x = tensorType([3], 'f32');
    const n = tensorType([], 'i32');
    const types = [n, x, x, x];
    const given = types.map((type) => value(type));
    const one = value(n);
    const next = value(n);
    const sum = value(x);
    const [i, a, b, c] = types.map((type) => value(type)) as [Value, Value, Value, Value];
    const body: Graph = {
      name: 'body',
      inputs: [i, a, b, c],
      nodes: [
        { op: 'constant', inputs: [], params: { value: 1, shape: [], dtype: 'i32' }, outputs: [one] },
        { op: 'add', inputs: [i, one], params: {}, outputs: [next] },
        { op: 'add', inputs: [a, c], params: {}, outputs: [sum] },
      ],
      outputs: [next, ...sources.map((source) => [a, b, c, sum][source]!)],
    };
    const tested = types.map((type) => value(type));
    const limit = value(n);
    const holds = value(tensorType([], 'bool'));
    const condition: Graph = {
      name: 'condition',
      inputs: tested,
      nodes: [
        { op: 'constant', inputs: [], params: { value: 4, shape: [], dtype: 'i32' }, outputs: [limit] },
        { op: 'less', inputs: [tested[0]!, limit], params: {}, outputs: [holds] },
      ],
      outputs: [holds],
    };
    const params = { condition, body, constants: 0, taped: 0, advances: false };
    const outputs = types.map((type) => value(type));
    const graph: Graph = {
      name: 'main',
      inputs: given,
      nodes: [{ op: 'whileLoop', inputs: given, params, outputs }],
      outputs,
    };
    const inputs = [i32(0), draw(3), array([1, 2, 3]), array([4, 5, 6])];
    const runOn = async (backend: Backend): Promise<readonly HostArray[]> => {
      const results = await (await backend.compile(graph)).run(await Promise.all(inputs.map((y) => backend.upload(y))));
      return Promise.all(results.map((result) => result.read()));
    };
    expect(await runOn(fakeBackend())).toEqual(await runOn(reference()));
  });
});

describe('what is fetched', () => {
  it('is exact for integers that a float can not hold', async () => {
    const loop: Program = (x, big) => {
      const { carry } = whileLoop(
        { i: big!.sum(), x: x! },
        ({ i, x: y }) => i.less(2 ** 24 + 6).and(y.sum().isFinite()),
        (c) => ({ carry: { i: c.i.add(big!.mul(0).sum()).add(1), x: c.x.mul(0.5) } }),
      );
      return [carry.i, carry.x];
    };
    await agree(loop, [draw(4), array([2 ** 24, 1], { dtype: 'i32' })]);
  });

  it('is one vector for all that a segment decides', async () => {
    const loop: Program = (x, y) => {
      const { carry } = whileLoop(
        { x: x!, y: y! },
        (c) => c.x.max().greater(0.1).and(c.y.isFinite().all()).and(c.y.sum().less(100)),
        (c) => ({ carry: { x: c.x.mul(0.5), y: c.y.mul(1.5) } }),
      );
      return [carry.x, carry.y];
    };
    const log = await agree(loop, [draw(4), draw(6)]);
    expect(log.fetched).toBe(log.runs);
  });
});

describe('errors of the host', () => {
  const rejected = async (fn: Program, inputs: readonly HostArray[]): Promise<string> => {
    const device = fakeDevice();
    const error: unknown = await run(fakeBackend(device), fn, inputs).catch((reason: unknown) => reason);
    expect(device.log.live).toBe(0);
    await expect(run(reference(), fn, inputs)).rejects.toThrow((error as Error).message);
    return (error as Error).message;
  };

  it('names an i32 division by zero', async () => {
    expect(await rejected((n, m) => [n!.div(m!)], [i32(1), i32(0)])).toMatch(/^div: an i32 was divided by zero/);
    expect(await rejected((n, m) => [n!.rem(m!)], [i32(1), i32(0)])).toMatch(/^rem: an i32 was divided by zero/);
  });

  it('names an index outside its axis', async () => {
    const pick: Program = (ts, n) => [ts!.gather(n!)];
    expect(await rejected(pick, [draw(3), i32(3)])).toMatch(/^gather: index 3 along an axis of 3 elements/);
    expect(await rejected(pick, [draw(3), i32(-1)])).toMatch(/^gather: index -1/);
  });
});
