import { adjoint } from '@node-ode/gradient-adjoint';
import { expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import { f64 } from '../../test/support.ts';
import { grad, valueAndGrad } from '../differentiate/vjp.ts';
import type { Tensor } from '../tensor/tensor.ts';

const methods = [['backprop', {}], ['adjoint', { gradient: adjoint() }], ['adjoint semi', { gradient: adjoint({seminorm: true}) }]] as const;
it.each(methods)('outer %s', async (_n, options) => {
  const ode = makeOde(options);
  const step = ode.compile((w: Tensor, rtol: Tensor) =>
    valueAndGrad((p: Tensor) => ode.odeint((_t, y: Tensor) => y.mul(p).neg(), f64([1, 2]), [0, 1], { rtol, atol: rtol }).ys.at(1).sum())(w));
  const r = await step(0.5, 1e-8);
  console.log(await r.value.read(), await r.grad.read());
});
it.each(methods)('outer computed %s', async (_n, options) => {
  const ode = makeOde(options);
  const step = ode.compile((w: Tensor, rtol: Tensor) =>
    valueAndGrad((p: Tensor) => ode.odeint((_t, y: Tensor) => y.mul(p).neg(), f64([1, 2]), [0, 1], { rtol: rtol.mul(2), atol: [rtol.mul(3)] }).ys.at(1).sum())(w));
  const r = await step(0.5, 1e-8);
  console.log(await r.value.read(), await r.grad.read());
});
it.each(methods)('inner %s', async (_n, options) => {
  const ode = makeOde(options);
  const step = ode.compile((w: Tensor, rtol: Tensor) =>
    valueAndGrad((p: {w: Tensor; rtol: Tensor}) => ode.odeint((_t, y: Tensor) => y.mul(p.w).neg(), f64([1, 2]), [0, 1], { rtol: p.rtol, atol: p.rtol }).ys.at(1).sum())({w, rtol}));
  const r = await step(0.5, 1e-8);
  console.log(await r.value.read(), await r.grad.rtol.read());
});
it.each(methods)('second order %s', async (_n, options) => {
  const ode = makeOde(options);
  const step = ode.compile((w: Tensor, rtol: Tensor) =>
    grad((q: Tensor) => grad((p: Tensor) => ode.odeint((_t, y: Tensor) => y.mul(p).neg(), f64([1, 2]), [0, 1], { rtol: rtol, atol: rtol }).ys.at(1).sum())(q).sum())(w));
  const r = await step(0.5, 1e-6);
  console.log(await r.read());
});
