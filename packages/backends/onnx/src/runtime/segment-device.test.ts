/** Programs driven from the host on ONNX Runtime do what every engine must. */
import { array, compile, whileLoop, type Tensor } from '@node-ode/core';
import { hostProgram } from '@node-ode/host-driver';
import { backendChecks } from '@node-ode/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { onnx } from '../onnx.ts';
import { encodeModel } from '../model/encode.ts';
import type { OnnxModel } from '../model/ir.ts';
import type { Runtime } from './contract.ts';
import { segmentDevice } from './segment-device.ts';

const engine = await onnx({ provider: 'cpu', threads: 1, loops: 'host' });

afterAll(() => engine.dispose());

describe('programs of the conformance suite on onnx-cpu', () => {
  // A primitive by itself is one model, however loops are driven. The last check disposes of an engine of its own.
  const checks = backendChecks(() => engine).filter(({ name }) => !/^primitive|after it was disposed/.test(name));
  for (const { name, run } of checks) it(name, run);
});

it('runs segments in ONNX Runtime and loops in JavaScript', async () => {
  const halve = compile(engine, (x: Tensor) => {
    const { carry } = whileLoop(
      { x },
      (c) => c.x.sum().greater(1),
      (c) => ({ carry: { x: c.x.mul(0.5) } }),
    );
    return carry.x;
  });
  const given = array([3, 5]);
  const x = await halve(given);
  expect((await x.read()).data).toEqual(new Float32Array([3 / 8, 5 / 8]));
  const executable = await engine.compile(halve.graph(given));
  expect(executable.placement).toEqual([
    { part: 'model', provider: 'cpu', operations: ['sum'], nodes: 1 },
    { part: 'model', provider: 'cpu', operations: ['constant', 'mul', 'sum'], nodes: 3 },
    { part: 'host', provider: 'javascript', operations: ['greater', 'whileLoop'], nodes: 3 },
  ]);
  executable.dispose();
  x.dispose();
  halve.dispose();
});

it('makes one model of segments that do the same', async () => {
  const halve = (x: Tensor): Tensor =>
    whileLoop(
      { x },
      (c) => c.x.sum().greater(1),
      (c) => ({ carry: { x: c.x.mul(0.5) } }),
    ).carry.x;
  const matrix = array([
    [1, 2],
    [3, 4],
  ]);
  const graph = compile(engine, (x: Tensor, y: Tensor) => [halve(x), halve(y)]).graph(matrix, matrix);
  const opened: OnnxModel[] = [];
  const unused = (): never => {
    throw new Error('nothing is run here');
  };
  const runtime: Runtime = {
    open: (model) => {
      opened.push(model);
      return Promise.resolve({ run: unused, release: () => Promise.resolve() });
    },
    toValue: unused,
    toHost: unused,
  };
  await hostProgram(graph, segmentDevice(runtime, { provider: 'webgpu', portable: false, channelBlock: 0 }));
  // What both loops test first is one segment; then each has a body.
  const models = opened.map((model) => encodeModel(model).bytes);
  expect(models).toHaveLength(3);
  expect(models[1]).toEqual(models[2]);
});
