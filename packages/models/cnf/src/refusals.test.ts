import { reference } from '@node-ode/backend-reference';
import {
  array,
  createOde,
  OptionError,
  random,
  ShapeError,
  UnsupportedError,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { points } from '../test/harness.ts';
import {
  cnf,
  concatSquashMlp,
  hutchinson,
  hyperPlanarField,
  planarField,
  type FlowBatch,
  type PlanarParams,
} from './index.ts';

const ode = createOde({ backend: reference(), solver: dopri5() });
const field = planarField({ dimension: 2, width: 2 });
const params = field.init(random(0));
type P = TensorsOf<PlanarParams>;
const x = points([3, 2], 1, 'f32');

describe('options', () => {
  it.each([
    [{ dimension: 0 }, 'cnf: dimension is 0; expected an integer of at least 1.'],
    [{ augment: -1 }, 'cnf: augment is -1; expected an integer of at least 0.'],
    [{ t1: 0 }, 'cnf: t0 0 and t1 0; expected two different finite times.'],
    [{ t0: NaN }, 'cnf: t0 NaN and t1 1'],
    [{ regularization: { kinetic: -1 } }, 'cnf: regularization.kinetic is -1'],
    [{ regularization: { jacobean: 1 } }, 'cnf: regularization.jacobean is 1; expected kinetic or jacobian'],
  ])('%o are refused', (options, message) => {
    const make = (): unknown => cnf({ dimension: 2, field, ode, ...(options as object) });
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });

  it('of fields are checked', () => {
    expect(() => planarField({ dimension: 2, width: 0 })).toThrow('planarField: width is 0');
    expect(() => hyperPlanarField({ dimension: 2, hidden: 0.5 })).toThrow('hyperPlanarField: hidden is 0.5');
    expect(() => concatSquashMlp({ sizes: [2] })).toThrow('concatSquashMlp: sizes [2]; expected at least two');
    expect(() => concatSquashMlp({ sizes: [2, 2], activation: 'none' as 'tanh' })).toThrow(OptionError);
  });
});

describe('inputs', () => {
  const density = (flow: ReturnType<typeof cnf<PlanarParams>>) =>
    ode.compile((p: P, batch: FlowBatch) => flow.logProb(p, batch));
  const plain = cnf({ dimension: 2, field, ode });
  const noisy = cnf({ dimension: 2, field, ode, divergence: hutchinson() });
  const wide = cnf({ dimension: 1, field, ode, augment: 1 });

  it('of another shape are refused', async () => {
    await expect(density(plain)(params, { x: points([3, 3], 1, 'f32') })).rejects.toThrow(
      'cnf: points f32[3,3]; expected [samples, 2]',
    );
    await expect(density(plain)(params, { x: array([1, 2]) })).rejects.toThrow(ShapeError);
    const sample = ode.compile((p: P, base: Tensor) => wide.sample(p, base).x);
    await expect(sample(params, points([3, 1], 1, 'f32'))).rejects.toThrow('expected [samples, 2]');
    await expect(density(noisy)(params, { x, trace: points([2, 2], 1, 'f32') })).rejects.toThrow(
      'cnf: trace is f32[2,2]; expected f32[3,2]',
    );
    const e = points([1, 2, 1], 1, 'f32');
    await expect(density(wide)(params, { x: points([3, 1], 1, 'f32'), augment: e })).rejects.toThrow(
      'cnf: augment is f32[1,2,1]; expected [draws, 3, 1]',
    );
  });

  it('without noise, or with noise that nothing uses, are refused', async () => {
    await expect(density(noisy)(params, { x })).rejects.toThrow(
      'cnf: no noise for the trace; expected trace: rademacher noise like the points, f32[3,2].',
    );
    await expect(density(plain)(params, { x, trace: x })).rejects.toThrow('cnf: noise for a trace that is exact');
    await expect(density(plain)(params, { x, augment: x })).rejects.toThrow('cnf: noise without dimensions for it');
    await expect(density(wide)(params, { x: points([3, 1], 1, 'f32') })).rejects.toThrow(
      'cnf: no noise to augment with',
    );
    expect(() => plain.noise(random(0), 0)).toThrow('cnf: samples is 0');
    expect(() => plain.base(random(0), 1.5)).toThrow(OptionError);
  });

  it('with times for each sample are refused where each time has weights of its own', async () => {
    const hyper = hyperPlanarField({ dimension: 2, width: 2, hidden: 2 });
    const flow = cnf({ dimension: 2, field: hyper, ode, solve: { perSample: true } });
    const own = hyper.init(random(0));
    const run = ode.compile((p: TensorsOf<typeof own>, z: Tensor) => flow.logProb(p, { x: z }));
    await expect(run(own, x)).rejects.toThrow(UnsupportedError);
  });

  it('that are parameters of another network are refused', async () => {
    const net = concatSquashMlp({ sizes: [2, 3, 2] });
    const own = net.init(random(0));
    const run = ode.compile((p: TensorsOf<typeof own>, z: Tensor) => net.apply(p, 0, z));
    await expect(run(own.slice(1), x)).rejects.toThrow('concatSquashMlp: parameters of 1 layers; expected 2');
  });
});
