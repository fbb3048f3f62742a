import { createOde, array, valueAndGrad, random } from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { adjoint } from '@node-ode/gradient-adjoint';
import { applyGradients, mlp, mse, rmsprop, trainState } from '@node-ode/nn';
import { planGraph, nativeComposites } from './dist/compile/index.js';
const backend = { name: 'wasm', capabilities: { dtypes: ['f32', 'f64', 'i32', 'bool'], composites: nativeComposites } };
const net = mlp({ sizes: [2, 50, 2] });
const p = net.init(random(1));
for (let k = 0; k < +(process.argv[2] ?? 3); k++) {
  const ode = createOde({ backend, solver: dopri5(), gradient: adjoint(), rtol: 1e-7, atol: 1e-9, dtype: 'f32' });
  const opt = rmsprop({ learningRate: 1e-3 });
  const times = Array.from({ length: 10 }, (_, i) => (i * 25) / 1000);
  const t0 = performance.now(), u0 = process.cpuUsage().user;
  const step = ode.compile((state, y0, ys) => {
    const loss = (p) => mse(ode.odeint((t, y) => net.apply(p, y.mul(y).mul(y)), y0, times).ys, ys);
    const { value, grad } = valueAndGrad(loss)(state.params);
    return { state: applyGradients(opt, state, grad), loss: value };
  });
  const args = [trainState(opt, p), array(new Float32Array(40), { shape: [20, 2] }), array(new Float32Array(400), { shape: [10, 20, 2] })];
  const g = step.graph(...args);
  const t1 = performance.now();
  const plan = planGraph(g);
  const t2 = performance.now();
  const code = plan.emit(1024);
  const t3 = performance.now();
  const m = await WebAssembly.compile(code.bytes);
  const t4 = performance.now();
  console.log('trace', (t1 - t0).toFixed(0), 'plan', (t2 - t1).toFixed(0), 'emit', (t3 - t2).toFixed(0), 'wasm', (t4 - t3).toFixed(1), 'cpu', (process.cpuUsage().user - u0) / 1e3, 'bytes', code.bytes.length, 'arena', plan.arenaBytes);
}
