// TensorFlow's CUDA build as it is, where it is installed: on the GPU, or refused with what this machine lacks. Never on the CPU unsaid.
import { ExecutionError } from '@node-ode/core';
import { findTfjsNode } from '@node-ode/e2e/tfjs-node';
import { expect, it } from 'vitest';
import { tfjs } from '../../index.ts';
import { loadTfjsNode } from './load.ts';
import { gpuNames } from './node-host.ts';

const found = findTfjsNode('tfjs-node-gpu');

it('computes on the GPU, or says what is missing', async ({ skip }) => {
  if ('reason' in found) return skip(found.reason);
  const tf = await loadTfjsNode({ gpu: true, from: `${found.folder}/` });
  const opened = await tfjs({ tf }).catch((error: unknown) => error);
  if ((await gpuNames()).length > 0 && !(opened instanceof Error)) {
    expect(opened).toMatchObject({ device: expect.stringContaining('on the GPU') as string });
    return;
  }
  expect(opened).toBeInstanceOf(ExecutionError);
  expect(String(opened)).toMatch(
    /@tensorflow\/tfjs-node-gpu computes on the CPU: .*expected a GPU, with CUDA 11\.2 and cuDNN 8\.1/,
  );
});
