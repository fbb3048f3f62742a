/** The unnormalised densities e^−U of Rezende & Mohamed 2015, Table 1. */
import type { Tensor } from '@node-ode/core';
import type { Energy } from '@node-ode/model-cnf';

/** An unnormalised density of the plane. */
export interface Target {
  readonly name: string;
  readonly energy: Energy;
}

interface Plane {
  readonly x: Tensor;
  readonly y: Tensor;
}

const plane = (z: Tensor): Plane => ({
  x: z.slice([0, 0], [-1, 1]).squeeze(1),
  y: z.slice([0, 1], [-1, 1]).squeeze(1),
});

/** ½((v − centre)/width)² */
const bowl = (v: Tensor, centre: number, width: number): Tensor => v.sub(centre).div(width).square().mul(0.5);

/** log(eᵃ + eᵇ) without overflow. */
const logAddExp = (a: Tensor, b: Tensor): Tensor => a.maximum(b).add(a.sub(b).abs().neg().exp().log1p());

/** U2 to U4 don't fall off along x: beyond |x| = 4 they get walls, so that they are densities. */
const walls = ({ x }: Plane): Tensor => x.abs().sub(4).relu().div(0.4).square().mul(0.5);

const wave = ({ x }: Plane): Tensor => x.mul((2 * Math.PI) / 4).sin();
const bump = ({ x }: Plane): Tensor => bowl(x, 1, 0.6).neg().exp().mul(3);
const step = ({ x }: Plane): Tensor => x.sub(1).div(0.3).sigmoid().mul(3);

const ring: Energy = (z) => {
  const { x } = plane(z);
  // The root's derivative at 0 is infinite: a point there is moved by a millionth.
  const radius = z
    .square()
    .sum({ axes: [1] })
    .add(1e-12)
    .sqrt();
  return bowl(radius, 2, 0.4).sub(logAddExp(bowl(x, 2, 0.6).neg(), bowl(x, -2, 0.6).neg()));
};

const oneWave: Energy = (z) => {
  const p = plane(z);
  return bowl(p.y.sub(wave(p)), 0, 0.4).add(walls(p));
};

/** Two branches: along the wave, and `offset` below it. */
const twoWaves =
  (width: number, offset: (p: Plane) => Tensor): Energy =>
  (z) => {
    const p = plane(z);
    const distance = p.y.sub(wave(p));
    const branches = logAddExp(bowl(distance, 0, width).neg(), bowl(distance.add(offset(p)), 0, 0.35).neg());
    return walls(p).sub(branches);
  };

/** By the paper's names. */
export const targets = {
  u1: { name: 'U₁', energy: ring },
  u2: { name: 'U₂', energy: oneWave },
  u3: { name: 'U₃', energy: twoWaves(0.35, bump) },
  u4: { name: 'U₄', energy: twoWaves(0.4, step) },
} as const satisfies Readonly<Record<string, Target>>;

/** The name of a target on the command line. */
export type TargetName = keyof typeof targets;

/** Every target's name. */
export const targetNames: readonly TargetName[] = ['u1', 'u2', 'u3', 'u4'];
