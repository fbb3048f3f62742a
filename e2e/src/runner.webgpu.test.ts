// `npm run e2e -- --require onnx-webgpu,tfjs-webgpu` on a few cases: solves and gradients. In software the training case takes a minute when the machine is busy.
import { expect, it } from 'vitest';
import { main } from './runner.ts';

const cases = [
  ['solver: dopri5 forwards, f32', 1],
  ['gradient: backprop for y0, parameters and times, f32', 1],
  ['second order: adjoint, f32', 1],
  ['solver: dopri5 forwards, f64', 0],
] as const;
const engines = ['onnx-webgpu', 'tfjs-webgpu'];

it.each(engines.flatMap((name) => cases.map(([only, agreed]) => [name, only, agreed] as const)))(
  '%s, %s',
  async (name, only, agreed) => {
    const out: string[] = [];
    const write = (text: string) => void out.push(text);
    const code = await main(['--require', name, '--only', only], { log: write, error: write });
    expect(out.join('\n')).toContain(`${agreed} agree, 0 differ, 0 failed, ${1 - agreed} excluded.`);
    expect(code).toBe(agreed === 1 ? 0 : 1);
  },
);
