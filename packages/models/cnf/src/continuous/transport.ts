/** A solve of points together with their log density and what regularisation adds up. */
import {
  constant,
  formatType,
  OptionError,
  ShapeError,
  stopGradient,
  type Ode,
  type SolveOptions,
  type Tensor,
  type TensorsOf,
  type Times,
} from '@node-ode/core';
import type { VectorField } from '../fields/vector-field.ts';
import type { Cost } from './regularization.ts';
import { exact, type DivergenceMethod, type MeasuredMotion } from './divergence.ts';

/** What is solved for: points, the change of their log density, and integrals of what is regularised. */
export interface FlowState {
  /** [samples, dimension]. */
  readonly z: Tensor;
  /** [samples]. */
  readonly logProb: Tensor;
  /** [samples] each: ∫‖f‖² dt and ∫‖∂f/∂z‖² dt, those that are asked for. */
  readonly costs: readonly Tensor[];
}

/** What a transport is made of. */
export interface TransportParts<Params> {
  readonly field: VectorField<Params>;
  readonly ode: Pick<Ode, 'odeint'>;
  readonly divergence: DivergenceMethod | undefined;
  readonly costs: readonly Cost[];
  readonly solve: SolveOptions;
}

/** Solves d(z, log p)/dt = (f, −tr ∂f/∂z), Theorem 1 of Chen et al. 2018, along `ts`; leaves have the times as first axis. */
export type Transport<Params> = (
  params: TensorsOf<Params>,
  start: { readonly z: Tensor; readonly logProb?: Tensor },
  ts: Times,
  trace: Tensor | undefined,
) => FlowState;

/** The transport of a field. */
export function transport<Params>({ field, ode, divergence, costs, solve }: TransportParts<Params>): Transport<Params> {
  const needsJacobian = costs.includes('jacobian');
  const measured = (params: TensorsOf<Params>, t: Tensor, z: Tensor, trace: Tensor | undefined): Measured => {
    if (divergence === undefined && field.motion !== undefined && !needsJacobian) return field.motion(params, t, z);
    return (divergence ?? exact()).measure((x) => field.apply(params, t, x), z, stopGradient(trace ?? z));
  };
  return (params, { z, logProb }, ts, trace) => {
    requireTrace(divergence, trace, z);
    const zero = constant(0, z.shape.slice(0, 1), z.dtype);
    const start: FlowState = { z, logProb: logProb ?? zero, costs: costs.map(() => zero) };
    const { ys } = ode.odeint(
      (t, state: FlowState): FlowState => {
        const { velocity, divergence: growth, jacobian } = measured(params, t, state.z, trace);
        const rates = { kinetic: velocity.square().sum({ axes: [1] }), jacobian: jacobian ?? growth };
        return { z: velocity, logProb: growth.neg(), costs: costs.map((cost) => rates[cost]) };
      },
      start,
      ts,
      solve,
    );
    return ys;
  };
}

type Measured = Omit<MeasuredMotion, 'jacobian'> & Partial<Pick<MeasuredMotion, 'jacobian'>>;

/** @throws OptionError if the method's noise is missing, or one is given that it does not use; ShapeError if it is not like z. */
function requireTrace(divergence: DivergenceMethod | undefined, trace: Tensor | undefined, z: Tensor): void {
  const wanted = divergence !== undefined && divergence.noise !== 'none';
  if (wanted !== (trace !== undefined)) {
    throw new OptionError('cnf', wanted ? 'no noise for the trace' : 'noise for a trace that is exact', {
      expected: wanted ? `trace: ${divergence.noise} noise like the points, ${formatType(z.type)}` : 'no trace',
      advice: 'Give what noise() of the flow gives: { x, ...flow.noise(random, samples) }.',
    });
  }
  if (trace === undefined || formatType(trace.type) === formatType(z.type)) return;
  throw new ShapeError('cnf', `trace is ${formatType(trace.type)}`, {
    expected: `${formatType(z.type)}, like the points`,
  });
}
