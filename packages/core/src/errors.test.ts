import { describe, expect, it } from 'vitest';
import * as errors from './errors.ts';

describe('errors', () => {
  it('say in one paragraph: operation, what was given, what was expected, what to do', () => {
    const cause = new Error('below');
    const error = new errors.ShapeError('add', 'shapes [2] and [3]', {
      expected: 'equal ones',
      advice: 'Reshape one.',
      cause,
    });
    expect(error.message).toBe('add: shapes [2] and [3]; expected equal ones. Reshape one.');
    expect([error.name, error.code, error.operation, error.cause]).toEqual(['ShapeError', 'SHAPE', 'add', cause]);
    expect(error).toBeInstanceOf(errors.NodeOdeError);
    expect(error).toBeInstanceOf(Error);
    const short = new errors.TraceError('trace', 'a leak');
    expect([short.message, 'cause' in short]).toEqual(['trace: a leak.', false]);
  });

  it('have a code each, so that they are told apart without instanceof', () => {
    const kinds = [
      errors.ShapeError,
      errors.DTypeError,
      errors.TreeError,
      errors.TraceError,
      errors.OptionError,
      errors.CompositionError,
      errors.DifferentiationError,
      errors.UnsupportedError,
      errors.ExecutionError,
      errors.FormatError,
      errors.FileError,
    ].map((Kind) => new Kind('op', 'problem'));
    expect(new Set(kinds.map(({ code }) => code)).size).toBe(kinds.length);
    for (const kind of kinds) expect(kind.name).toBe(kind.constructor.name);
  });

  it('of files are a paragraph, however long a name in the file is', () => {
    const error = new errors.FormatError('read', `“${'x'.repeat(1e6)}” is no number`, { expected: 'y'.repeat(1e6) });
    expect(error.message.length).toBeLessThan(2100);
    expect(error.message).toMatch(/^read: “x+ … x+” is no number; expected y+ … y+\.$/);
  });

  it('a failed solve tells its reason, time, step and number of steps', () => {
    const error = new errors.SolveError({ reason: 'maxSteps', t: 1.5, h: 0.1, steps: 7 }, 'too many', {
      advice: 'More.',
    });
    expect(error).toMatchObject({
      name: 'SolveError',
      code: 'SOLVE',
      operation: 'odeint',
      reason: 'maxSteps',
      t: 1.5,
      h: 0.1,
      steps: 7,
    });
    expect(error.message).toBe('odeint: too many. More.');
  });
});
