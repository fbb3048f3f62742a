import { conv2d, scan, traceFunction, type Tensor } from '@node-ode/core';
import * as node from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { channelBlockOf, hasConvolution } from './channel-block.ts';
import { checkOptions } from './options.ts';
import type { OrtModule, OrtSession } from './ort.ts';

const settings = checkOptions({});

describe('channelBlockOf', () => {
  it('is as many channels as a vector has, on processors with blocked kernels', async () => {
    expect([0, 8, 16]).toContain(await channelBlockOf(node, settings));
    if (process.arch === 'x64') expect(await channelBlockOf(node, settings)).not.toBe(0);
  });

  it('is 0 where the kernels are missing', async () => {
    expect(await channelBlockOf(web, settings)).toBe(0);
    expect(await channelBlockOf(node, checkOptions({ provider: 'webgpu' }))).toBe(0);
  });

  /** The runtime with results that are changed on their way. */
  const altered = (change: (data: Float32Array) => Float32Array): OrtModule => ({
    ...node,
    InferenceSession: {
      create: async (model, options) => {
        const session: OrtSession = await (node as OrtModule).InferenceSession.create(model, options);
        return {
          run: async (feeds) => {
            const results = await session.run(feeds);
            return Object.fromEntries(
              Object.entries(results).map(([name, { data, dims }]) => [
                name,
                new node.Tensor('float32', change(data as Float32Array), dims),
              ]),
            );
          },
          release: () => session.release(),
          endProfiling: () => undefined,
        };
      },
    },
  });

  it('is 0 where they compute something else', async () => {
    expect(
      await channelBlockOf(
        altered((data) => data),
        settings,
      ),
    ).toBe(await channelBlockOf(node, settings));
    expect(
      await channelBlockOf(
        altered((data) => data.map((x) => -x)),
        settings,
      ),
    ).toBe(0);
  });
});

it('hasConvolution looks into loops', () => {
  const loop = (f: (x: Tensor) => Tensor) =>
    traceFunction(
      (x: Tensor) => scan({ x }, x, (carry) => ({ carry: { x: f(carry.x) }, output: carry.x })).outputs,
      [{ shape: [1, 1, 3, 3] }],
    ).graph;
  expect(hasConvolution(loop((x) => x.add(1)))).toBe(false);
  expect(hasConvolution(loop((x) => conv2d(x, x.at(0).expandDims(0).mul(0).slice([0, 0, 0, 0], [1, 1, 1, 1]))))).toBe(
    true,
  );
});
