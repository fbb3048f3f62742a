import { OptionError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkExport } from './options.ts';

const identity = (x: unknown): unknown => x;
const check = (options: unknown): void => {
  checkExport(identity, [1], options as object);
};

describe('options of exportOnnx', () => {
  it('may all be given, or undefined', () => {
    expect(() => {
      check({});
      check({ nfe: undefined, externalData: undefined, dtype: undefined });
      check({
        metadata: { author: 'me' },
        name: 'spiral',
        names: ['y0'],
        nfe: true,
        dtype: 'f64',
        sizes: { batch: [4, 6, 10] },
        externalData: { location: 'spiral.data', threshold: 0 },
      });
    }).not.toThrow();
  });

  it.each<readonly [unknown, string]>([
    [null, 'the options are null; expected an object.'],
    ['f64', "the options are 'f64'; expected an object."],
    [{ nef: true }, "there is no option 'nef'; expected metadata, name, names, nfe, dtype, sizes, externalData."],
    [{ toString: 1 }, "there is no option 'toString'; expected metadata"],
    [{ nfe: 1 }, 'nfe = 1; expected true or false.'],
    [{ name: '' }, "name = ''; expected a name."],
    [{ name: () => 1 }, 'name = a function; expected a name.'],
    [{ names: 'y0' }, "names = 'y0'; expected a list of strings, one for each argument."],
    [{ names: ['y0', 1] }, 'names = a plain array; expected a list of strings, one for each argument.'],
    [{ dtype: 'f16' }, "dtype = 'f16'; expected one of 'f32', 'f64', 'i32', 'bool'."],
    [{ metadata: ['me'] }, 'metadata = a plain array; expected an object of strings.'],
    [{ metadata: null }, 'metadata = null; expected an object of strings.'],
    [{ sizes: 5 }, 'sizes = 5; expected an object with three sizes for a named extent.'],
    [{ externalData: 'a.data' }, "externalData = 'a.data'; expected an object { location, threshold? }."],
    [{ externalData: {} }, 'externalData has no location; expected the name of a file beside the model.'],
    [{ externalData: { location: 5 } }, 'externalData.location = 5; expected the name of a file beside the model.'],
    [
      { externalData: { location: 'a', threshold: -1 } },
      'externalData.threshold = -1; expected an integer from 0 to 9007199254740991.',
    ],
    [
      { externalData: { location: 'a', treshold: 1 } },
      "there is no option 'externalData.treshold'; expected location, threshold.",
    ],
  ])('that are wrong are named: %j', (options, message) => {
    expect(() => {
      check(options);
    }).toThrow(OptionError);
    expect(() => {
      check(options);
    }).toThrow(`exportOnnx: ${message}`);
  });

  it.each<readonly [unknown, unknown, string]>([
    [5, [], 'the function is 5; expected a function of tensors.'],
    [undefined, [], 'the function is undefined; expected a function of tensors.'],
    [identity, undefined, 'the specs are undefined; expected a list with a spec for each argument. Pass ['],
    [identity, { shape: [2] }, 'the specs are an object; expected a list with a spec for each argument. Pass ['],
  ])('and so are a function or specs that are none', (fn, specs, message) => {
    expect(() => {
      checkExport(fn, specs, {});
    }).toThrow(OptionError);
    expect(() => {
      checkExport(fn, specs, {});
    }).toThrow(`exportOnnx: ${message}`);
  });
});
