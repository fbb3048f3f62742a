// Options that nobody would read.
import { describe, expect, it } from 'vitest';
import { OptionError } from './errors.ts';
import { requireKnownOptions, type OptionNames } from './options.ts';

interface Options {
  readonly rtol?: number;
  readonly maxSteps?: number;
}

const known: OptionNames<Options> = { rtol: true, maxSteps: true };
const check = (options: object) => (): void => {
  requireKnownOptions<Options>('solve', options, known);
};

describe('options', () => {
  it('may be left out, or undefined', () => {
    expect(check({})).not.toThrow();
    expect(check({ rtol: 1, maxSteps: undefined, nothing: undefined })).not.toThrow();
  });

  it.each([
    ['rTol', "solve: there is no option 'rTol'; expected rtol, maxSteps. Did you mean rtol?"],
    ['maxStep', "solve: there is no option 'maxStep'; expected rtol, maxSteps. Did you mean maxSteps?"],
    ['max_steps', "solve: there is no option 'max_steps'; expected rtol, maxSteps. Did you mean maxSteps?"],
    ['signal', "solve: there is no option 'signal'; expected rtol, maxSteps."],
    ['toString', "solve: there is no option 'toString'; expected rtol, maxSteps."],
  ])('that are not known are named: %s', (name, message) => {
    expect(check({ [name]: 1 })).toThrow(OptionError);
    expect(check({ [name]: 1 })).toThrow(expect.objectContaining({ message }) as Error);
  });
});
