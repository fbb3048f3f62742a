/**
 * The double integrator x'' = u from rest at 1 to rest at 0, in least energy and in least time, and what Pontryagin's principle says of
 * the optimum (Bryson & Ho 1975, sections 2.4 and 3.9): with H = ℓ(u) + pₓ·v + pᵥ·u, p' = −∂H/∂(x, v), and u minimises H.
 */
import type { Tensor } from '@node-ode/core';

/** A quantity of the optimum at a time. */
type OfTime = (t: number) => number;

/** What is minimised, and the optimum in closed form. */
export interface ControlProblem {
  readonly name: 'energy' | 'time';
  readonly title: string;
  /** ℓ(u), whose integral over time is the cost. */
  running(u: Tensor): Tensor;
  /** Whether |u| ≤ 1. */
  readonly bounded: boolean;
  /** Whether the duration is to be found; otherwise it is the optimum's. */
  readonly free: boolean;
  /** Where the duration begins, if it is free. */
  readonly firstDuration: number;
  readonly optimum: {
    readonly cost: number;
    readonly duration: number;
    /** H, which does not change along the path because time does not occur in it. */
    readonly hamiltonian: number;
    readonly u: OfTime;
    readonly x: OfTime;
    readonly v: OfTime;
    readonly px: OfTime;
    readonly pv: OfTime;
  };
}

/** ½∫u² dt over one unit of time: u = −pᵥ is linear in t. */
export const leastEnergy: ControlProblem = {
  name: 'energy',
  title: 'least energy, ½∫u² dt, in one second',
  running: (u) => u.square().mul(0.5),
  bounded: false,
  free: false,
  firstDuration: 1,
  optimum: {
    cost: 6,
    duration: 1,
    hamiltonian: -18,
    u: (t) => 12 * t - 6,
    x: (t) => 1 - 3 * t ** 2 + 2 * t ** 3,
    v: (t) => 6 * t ** 2 - 6 * t,
    px: () => 12,
    pv: (t) => 6 - 12 * t,
  },
};

/** ∫dt with |u| ≤ 1: u = −sign pᵥ, full braking after half of the way; H = 0 because the duration is free. */
export const leastTime: ControlProblem = {
  name: 'time',
  title: 'least time, with |u| ≤ 1',
  running: (u) => u.mul(0).add(1),
  bounded: true,
  free: true,
  firstDuration: 4,
  optimum: {
    cost: 2,
    duration: 2,
    hamiltonian: 0,
    u: (t) => (t < 1 ? -1 : 1),
    x: (t) => (t < 1 ? 1 - t ** 2 / 2 : (2 - t) ** 2 / 2),
    v: (t) => (t < 1 ? -t : t - 2),
    px: () => 1,
    pv: (t) => 1 - t,
  },
};

/** Where all begin: at rest at 1. The target is rest at 0. */
export const start = { x: 1, v: 0 } as const;
