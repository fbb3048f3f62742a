import { OptionError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { parseCommand, usage } from './command-line.ts';

describe('the command line', () => {
  it('has defaults for everything', () => {
    expect(parseCommand([])).toEqual({ settings: {}, out: 'output/lynx-hare', resume: false, help: false });
  });

  it('reads its options', () => {
    const settings = ['--steps', '10', '--seed=-3', '--rtol', '1e-3', '--atol=1e-6', '--backend', 'reference'];
    const args = [...settings, '--out', 'x', '--resume', '--help'];
    expect(parseCommand(args)).toEqual({
      settings: { steps: 10, seed: -3, rtol: 1e-3, atol: 1e-6, backend: 'reference' },
      out: 'x',
      resume: true,
      help: true,
    });
  });

  it('explains each of them', () => {
    for (const option of ['steps', 'seed', 'rtol', 'atol', 'backend', 'out', 'resume', 'help'])
      expect(usage).toContain(`--${option} `);
  });

  it.each([
    [['--steps', '0'], 'npm start: --steps 0; expected a positive integer. See --help.'],
    [['--steps', '1.5'], '--steps 1.5; expected a positive integer'],
    [['--steps', 'many'], '--steps many'],
    [['--steps='], '--steps “”'],
    [['--seed', '0.5'], '--seed 0.5; expected an integer'],
    [['--rtol', '0'], '--rtol 0; expected a positive number'],
    [['--atol', 'Infinity'], '--atol Infinity; expected a positive number'],
    [['--backend', 'toString'], 'npm start: --backend toString; expected wasm or reference. See --help.'],
    [['--backend='], '--backend “”; expected wasm or reference'],
    [['--out='], '--out without a folder'],
    [['--unknown'], "npm start: Unknown option '--unknown'"],
    [['--steps'], "Option '--steps <value>' argument missing"],
    [['--rtol', '-1'], 'npm start: --rtol -1; expected a positive number'],
    [['--resume=yes'], "Option '--resume' does not take an argument"],
    [['file'], "Unexpected argument 'file'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(OptionError);
    expect(() => parseCommand(args)).toThrow(message);
  });
});
