/** Every solver, both ways in time, on a system whose solution is known. */
import { array, constantStep, createOde, matmul, pid, type FloatDType, type Solver, type Tensor } from '@node-ode/core';
import { adamsBashforth, adamsBashforthMoulton } from '@node-ode/solver-adams';
import { bosh3 } from '@node-ode/solver-bosh3';
import { dopri5 } from '@node-ode/solver-dopri5';
import { dopri8 } from '@node-ode/solver-dopri8';
import { euler } from '@node-ode/solver-euler';
import { heun } from '@node-ode/solver-heun';
import { kvaerno3 } from '@node-ode/solver-kvaerno3';
import { kvaerno5 } from '@node-ode/solver-kvaerno5';
import { midpoint } from '@node-ode/solver-midpoint';
import { rk4, rk4ThreeEighths } from '@node-ode/solver-rk4';
import { tsit5 } from '@node-ode/solver-tsit5';
import { agreement, dtypes, readLeaves, type Case } from './case.ts';

const solvers: readonly (() => Solver)[] = [
  euler,
  midpoint,
  heun,
  rk4,
  rk4ThreeEighths,
  bosh3,
  dopri5,
  tsit5,
  dopri8,
  kvaerno3,
  kvaerno5,
  adamsBashforth,
  adamsBashforthMoulton,
];

const times = [0, 0.7, 1.3, 2];
const start = [
  [1, 0],
  [0.5, -0.5],
  [-0.2, 1.5],
];

/** Rows turned by sin t, and 1/(1 + t²): y' = cos t·(−y₂, y₁), s' = −2ts². */
function solution(t: number): { readonly rows: readonly (readonly number[])[]; readonly level: number } {
  const angle = Math.sin(t);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return { rows: start.map(([x = 0, y = 0]) => [x * c - y * s, x * s + y * c]), level: 1 / (1 + t * t) };
}

/** Relative to size 1: what steps of 1/32 leave of each order, and the tolerance of an adaptive solve. */
const accuracy = ({ order }: Solver): number => (order === 1 ? 0.1 : 5e-3);

function solverCase(make: () => Solver, direction: 'forwards' | 'backwards', dtype: FloatDType): Case {
  const ts = direction === 'forwards' ? times : [...times].reverse();
  const first = solution(ts[0] ?? 0);
  const solver = make();
  const controller = solver.hasErrorEstimate ? pid({ rtol: 1e-5, atol: 1e-6 }) : constantStep({ h: 1 / 32 });
  return {
    group: 'solver',
    name: `${solver.name} ${direction}`,
    dtype,
    prepare: (backend) => {
      const ode = createOde({ backend, solver, controller, dtype });
      const turn = array(
        [
          [0, 1],
          [-1, 0],
        ],
        { dtype },
      );
      const solve = ode.compile((y0: { readonly rows: Tensor; readonly level: Tensor }, at: Tensor) => {
        const { ys } = ode.odeint(
          (t, y: typeof y0) => ({ rows: matmul(y.rows, turn).mul(t.cos()), level: y.level.square().mul(t).mul(-2) }),
          y0,
          at,
        );
        return [ys.rows, ys.level] as const;
      });
      const y0 = { rows: array(first.rows, { dtype }), level: array(first.level, { dtype }) };
      return async () => readLeaves(await solve(y0, array(ts, { dtype })));
    },
    tolerance: agreement[dtype],
    truth: { values: ts.flatMap((t) => solution(t).rows.flat()), tolerance: accuracy(solver) },
  };
}

export const solverCases: readonly Case[] = solvers.flatMap((make) =>
  (['forwards', 'backwards'] as const).flatMap((direction) =>
    dtypes.map((dtype) => solverCase(make, direction, dtype)),
  ),
);
