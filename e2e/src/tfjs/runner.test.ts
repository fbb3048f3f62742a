// The runner on tfjs's backends: a case of each kind. All of them, with their times, are in docs/engines.md.
import { describe, expect, it } from 'vitest';
import { main } from '../runner.ts';
import { findTfjsNode } from './tfjs-node.ts';

const cases = [
  'solver: dopri5 backwards, f32',
  'gradient: adjoint for y0, parameters and times, f32',
  'second order: backprop, f32',
  'event: ball that bounces ten times, adjoint, f32',
  'training: 20 steps of SGD, adjoint, f32',
  'images: 8 steps of an ODE-Net, adjoint, f32',
  'sequences: 10 steps of a gruCell and an ODE, f32',
];

describe.each(['tfjs-cpu', 'tfjs-wasm', 'tfjs-node'])('%s', (name) => {
  const found = name === 'tfjs-node' ? findTfjsNode(name) : undefined;

  it.for(cases)('%s', async (only, { skip }) => {
    if (found !== undefined && 'reason' in found) skip(found.reason);
    const out: string[] = [];
    const write = (text: string) => void out.push(text);
    const code = await main(['--require', name, '--only', only], { log: write, error: write });
    expect(out.join('\n')).toContain('1 agree, 0 differ, 0 failed, 0 excluded.');
    expect(code).toBe(0);
  });
});
