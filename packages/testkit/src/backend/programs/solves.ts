/** Solves as programs: the integrator's loop, its statistics and its derivatives are what an engine is for. */
import { constantStep, createOde, grad, hvp, jvp, matmul, pid, type Backend, type Tensor } from '@node-ode/core';
import { fehlberg } from '../../support/fehlberg.ts';
import { tensor, type ProgramCase } from './program-case.ts';

/** `odeint` needs no engine: the program is compiled by whoever runs it. */
const engineless = { name: 'none' } as Backend;
// A first step of a size that is given: the error of the tiny one that would be chosen is rounding in f32, and so would be the
// size of the second.
const adaptive = createOde({
  backend: engineless,
  solver: fehlberg(),
  controller: pid({ rtol: 1e-5, atol: 1e-6, firstStep: 0.5 }),
});
const uniform = createOde({ backend: engineless, solver: fehlberg(), controller: constantStep({ h: 0.25 }) });

/** y' = tanh(yW) − y/2 + sin t on a batch, at three times. */
const trajectory = (ode: typeof adaptive, y0: Tensor, w: Tensor, ts: Tensor) =>
  ode.odeint((t, y: Tensor) => matmul(y, w).tanh().sub(y.mul(0.5)).add(t.sin()), y0, ts);

interface Arguments {
  readonly y0: Tensor;
  readonly w: Tensor;
  readonly ts: Tensor;
}

const inputs: ProgramCase['inputs'] = (d) => [
  [d.array([4, 2]), d.array([2, 2], -1, 1), d.of([0, 0.6, 1.5])],
  [d.array([4, 2]), d.array([2, 2], -1, 1), d.of([1.5, 0.7, 0])],
];

export const solves: readonly ProgramCase[] = [
  {
    // Engines round differently, so an error near its tolerance may be accepted by one and rejected by another.
    name: 'an adaptive solve, forwards and backwards in time',
    inputs,
    fn: ([y0, w, ts]) => [trajectory(adaptive, tensor(y0), tensor(w), tensor(ts)).ys],
    slack: 100,
  },
  {
    name: 'the statistics of a solve by steps of one size',
    inputs,
    fn: ([y0, w, ts]) => {
      const { ys, stats } = trajectory(uniform, tensor(y0), tensor(w), tensor(ts));
      return [ys, stats.nfe, stats.accepted, stats.rejected];
    },
  },
  {
    name: 'the gradient of a solve for its initial value, parameters and times',
    inputs,
    fn: ([y0, w, ts]) => {
      const g = grad((p: Arguments) => trajectory(uniform, p.y0, p.w, p.ts).ys.square().sum())({
        y0: tensor(y0),
        w: tensor(w),
        ts: tensor(ts),
      });
      return [g.y0, g.w, g.ts];
    },
    slack: 200,
  },
  {
    name: 'the sensitivities of a solve to its initial value, parameters and times',
    inputs,
    fn: ([y0, w, ts]) => {
      const x: Arguments = { y0: tensor(y0), w: tensor(w), ts: tensor(ts) };
      const ys = (p: Arguments): Tensor => trajectory(uniform, p.y0, p.w, p.ts).ys;
      const { value, tangent } = jvp(ys, x, { y0: x.y0.cos(), w: x.w.sin(), ts: x.ts.add(1) });
      return [value, tangent, jvp(ys, x, { ts: x.ts.cos() }).tangent];
    },
    slack: 200,
  },
  {
    name: 'second derivatives of a solve by every order of the modes',
    inputs,
    fn: ([y0, w, ts]) => {
      const x: Arguments = { y0: tensor(y0), w: tensor(w), ts: tensor(ts) };
      const v: Arguments = { y0: x.y0.cos(), w: x.w.sin(), ts: x.ts.add(1) };
      const loss = (p: Arguments): Tensor => trajectory(uniform, p.y0, p.w, p.ts).ys.square().sum();
      const dot = (a: Arguments, b: Arguments): Tensor =>
        a.y0.mul(b.y0).sum().add(a.w.mul(b.w).sum()).add(a.ts.mul(b.ts).sum());
      const products = [
        hvp(loss)(x, v),
        grad((p: Arguments) => jvp(loss, p, v).tangent)(x),
        grad((p: Arguments) => dot(grad(loss)(p), v))(x),
      ];
      return products.flatMap((product) => [product.y0, product.w, product.ts]);
    },
    slack: 1000,
  },
];
