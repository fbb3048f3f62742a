import { OptionError } from '@node-ode/core';
import { expect, it } from 'vitest';
import * as datasets from './index.ts';

/** Factories of data sets that are named in package.json: what a command line makes by name. */
const factories = {
  breastCancer: datasets.breastCancer,
  lynxHare: datasets.lynxHare,
  twoMoons: datasets.twoMoons,
  twoCircles: datasets.twoCircles,
  pinwheel: datasets.pinwheel,
  eightGaussians: datasets.eightGaussians,
  checkerboard: datasets.checkerboard,
  crossingMap: datasets.crossingMap,
  spheres: datasets.spheres,
  shiftedSines: datasets.shiftedSines,
  cubicSpiral: datasets.cubicSpiral,
  bidirectionalSpirals: datasets.bidirectionalSpirals,
  lotkaVolterra: datasets.lotkaVolterra,
  lorenz: datasets.lorenz,
  vanDerPol: datasets.vanDerPol,
  dampedPendulum: datasets.dampedPendulum,
};

it.each(Object.entries(factories))('%s refuses an option that it does not have', (name, factory) => {
  const misspelt = { dtype: 'f32', dtyp: 'f64' } as const;
  expect(() => factory(misspelt)).toThrow(OptionError);
  expect(() => factory(misspelt)).toThrow(new RegExp(`^${name}: there is no option 'dtyp'; .*Did you mean dtype\\?`));
});

it('names every factory that package.json does', async () => {
  const { default: manifest } = await import('../package.json', { with: { type: 'json' } });
  expect(Object.keys(factories)).toEqual(manifest['node-ode'].dataset);
});
