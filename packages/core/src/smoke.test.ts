import { test, expect } from 'vitest';
import { compile, array, createOde, rungeKutta, vjp, grad, type Tensor, constantStep, whileLoop, constant, asTensor, printGraph } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
const rk4 = () => rungeKutta({ name: 'rk4', order: 4, c: [0, .5, .5, 1], a: [[], [.5], [0, .5], [0, 0, 1]], b: [1/6, 1/3, 1/3, 1/6] });
const bosh3 = () => rungeKutta({ name: 'bosh3', order: 3, c: [0, .5, .75, 1], a: [[], [.5], [0, .75], [2/9, 1/3, 4/9]], b: [2/9, 1/3, 4/9, 0], bError: [2/9-7/24, 1/3-1/4, 4/9-1/3, -1/8] });
test('simple', async () => {
  const f = compile(reference(), (x: Tensor) => x.mul(x).add(1));
  const y = await f(array([1, 2, 3]));
  expect(Array.from((await y.read()).data)).toEqual([2, 5, 10]);
});
test('grad', async () => {
  const f = compile(reference(), (x: Tensor) => grad((z: Tensor) => z.sin().mul(z).sum())(x));
  const y = await (await f(array([1, 2], { dtype: 'f64' }))).read();
  expect(y.data[0]).toBeCloseTo(Math.sin(1) + Math.cos(1), 12);
});
test('solve', async () => {
  const ode = createOde({ backend: reference(), solver: rk4(), h: 0.1, dtype: 'f64' });
  const { ys, stats } = await ode.solve((t, y) => y.neg(), 1, [0, 0.55, 1]);
  console.log(ys.data, stats);
  expect(ys.data[2]).toBeCloseTo(Math.exp(-1), 6);
});
test('adaptive', async () => {
  const ode = createOde({ backend: reference(), solver: bosh3(), rtol: 1e-6, atol: 1e-8, dtype: 'f64' });
  const { ys, stats } = await ode.solve((t, { a, b }) => ({ a: b, b: a.neg() }), { a: 1, b: 0 }, [0, 1, 2, 3]);
  console.log(ys.a.data, Math.cos(3), stats);
  expect(ys.a.data[3]).toBeCloseTo(Math.cos(3), 5);
});
test('backprop', async () => {
  const ode = createOde({ backend: reference(), solver: bosh3(), rtol: 1e-8, atol: 1e-8, dtype: 'f64' });
  const g = ode.compile((y0: Tensor, k: Tensor, ts: Tensor) => grad((p: {y0: Tensor, k: Tensor, ts: Tensor}) => ode.odeint((t, y) => y.mul(p.k), p.y0, p.ts).ys.at(-1).sum())({ y0, k, ts }));
  const { result, stats } = await g.run(array([1.5], { dtype: 'f64' }), -0.7, array([0.2, 0.5, 1.3], {dtype:'f64'}));
  const e = Math.exp(-0.7*1.1);
  console.log((await result.y0.read()).data, e, (await result.k.read()).data, 1.5*1.1*e, (await result.ts.read()).data, 1.5*-0.7*e, stats);
});
