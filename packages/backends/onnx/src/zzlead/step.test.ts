import { it } from 'vitest';
import { compile, createOde, array, type Tensor, lower, optimize } from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { backprop } from '@node-ode/gradient-backprop';
import { onnx } from '../onnx.ts';
import { emitModel } from '../lower/emit-model.ts';
import { encodeModel } from '../model/encode.ts';
import { countNodes } from '../model/count-nodes.ts';
import { writeFileSync } from 'node:fs';
it('times', async () => {
  const backend = await onnx(JSON.parse(process.env.OPT ?? '{}'));
  const ode = createOde({ backend, solver: dopri5(), gradient: backprop(), rtol: 1e-5, atol: 1e-5 });
  const f = (w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) => (t: Tensor, y: Tensor) => y.mul(y).mul(y).matmul(w1).add(b1).tanh().matmul(w2).add(b2);
  const c = compile(backend, (y0: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) => ode.odeint(f(w1, b1, w2, b2), y0, [0, 25]).ys);
  let seed = 1; const r = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647 - 0.5; };
  const z = (...s: number[]) => array(Float32Array.from({length: s.reduce((a, b) => a * b, 1)}, () => r() * 1.5), { shape: s });
  const args = [z(20, 2), z(2, 50), z(50), z(50, 2), z(2)] as const;
  const g = c.graph(...args);
  const m = emitModel(g, { provider: 'cpu' });
  const loop = m.graph.nodes.find((n) => n.opType === 'Loop')!;
  const body = (loop.attributes['body'] as any).value;
  const direct: Record<string, number> = {};
  for (const n of body.nodes) direct[n.opType] = (direct[n.opType] ?? 0) + 1;
  console.log('direct', body.nodes.length, JSON.stringify(direct));
  console.log('all', JSON.stringify(countNodes(body)));
  console.log('top', m.graph.nodes.map(n=>n.opType).join(' '));
  writeFileSync('/tmp/ort/case1.onnx', encodeModel(m).bytes);
  const dev = await Promise.all(args.map((a) => backend.upload(a)));
  for (let k = 0; k < 5; k++) {
    const t = performance.now();
    const { result, stats } = await (c.run as any)(...dev);
    await (result as any).read();
    const ms = performance.now() - t;
    console.log(stats.accepted + stats.rejected, stats.nfe, ms.toFixed(2), 'ms', (ms * 1000 / (stats.accepted + stats.rejected)).toFixed(1), 'us/step');
  }
});
