/** Paths of controls with Pontryagin's costates along them: gradients of the cost to go, which the adjoint computes. */
import { array, grad, type HostArray, type Ode, type Tensor, type TensorsOf } from '@node-ode/core';
import { lagrangian, states, type Control, type ControlParams, type Place } from './control.ts';
import type { ControlProblem } from './problems.ts';

/** What is found along a path. */
export interface ControlledPath {
  readonly duration: number;
  readonly cost: number;
  /** Evenly, from 0 to the duration. */
  readonly t: readonly number[];
  readonly x: readonly number[];
  readonly v: readonly number[];
  readonly u: readonly number[];
  readonly px: readonly number[];
  readonly pv: readonly number[];
  /** ℓ(u) + pₓ·v + pᵥ·u. */
  readonly hamiltonian: readonly number[];
}

const dtype = 'f64';
const scalar = (value: number): HostArray => array(value, { dtype });

/** The path of a control from `start`, and at each of `points` times the gradient of λ·z(T) + the cost from there on. */
export async function followPath(
  ode: Ode,
  problem: ControlProblem,
  control: Control,
  params: ControlParams,
  lambda: Place<number>,
  start: Place<number>,
  points: number,
): Promise<ControlledPath> {
  const shares = Array.from({ length: points }, (_, k) => k / (points - 1));
  const along = ode.compile((p: TensorsOf<ControlParams>, from: Place<Tensor>) => {
    const u = shares.map((s) => control.u(p, from.x.mul(0).add(s)));
    const running = u.map((one) => problem.running(one));
    return { ...states(ode, problem, control, p, from, shares), u, running, duration: control.duration(p) };
  });
  const costates = ode.compile(
    (p: TensorsOf<ControlParams>, from: Place<Tensor>, multipliers: Place<Tensor>, ts: Tensor) =>
      grad(
        (place: Place<Tensor>) =>
          lagrangian(ode, problem, control, p, { lambda: multipliers, mu: 0, from: place, shares: ts }).value,
      )(from),
  );
  const path = await along(params, { x: scalar(start.x), v: scalar(start.v) });
  const column = async (values: { read(): Promise<HostArray> }): Promise<number[]> =>
    Array.from((await values.read()).data);
  const each = async (values: readonly { read(): Promise<HostArray> }[]): Promise<number[]> =>
    (await Promise.all(values.map(column))).flat();
  const [x, v, cost] = await Promise.all([column(path.x), column(path.v), column(path.cost)]);
  const [u, running, [duration = NaN]] = await Promise.all([each(path.u), each(path.running), column(path.duration)]);
  const p = [];
  const multipliers = { x: scalar(lambda.x), v: scalar(lambda.v) };
  for (const [k, s] of shares.slice(0, -1).entries()) {
    const from = { x: scalar(x[k] ?? NaN), v: scalar(v[k] ?? NaN) };
    const g = await costates(params, from, multipliers, array([s, 1], { dtype }));
    p.push({ x: (await column(g.x))[0] ?? NaN, v: (await column(g.v))[0] ?? NaN });
  }
  p.push(lambda); // nothing is left of the path
  along.dispose();
  costates.dispose();
  return {
    duration,
    cost: cost.at(-1) ?? NaN,
    t: shares.map((s) => s * duration),
    ...{ x, v, u },
    px: p.map((one) => one.x),
    pv: p.map((one) => one.v),
    hamiltonian: p.map((one, k) => (running[k] ?? NaN) + one.x * (v[k] ?? NaN) + one.v * (u[k] ?? NaN)),
  };
}
