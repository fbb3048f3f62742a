import { OptionError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { parseCommand } from './options.ts';

const parse = (...args: readonly string[]) => parseCommand(args, {});

it('runs everything by default', () => {
  const { cases, backends, peers, rounds, threads, python, out, ...rest } = parse();
  expect(cases).toEqual([1, 2, 3, 4, 6, 7]);
  expect(backends).toEqual(expect.arrayContaining(['wasm', 'reference']));
  expect(peers).toEqual(['torchdiffeq', 'diffrax', 'tfjs', 'jax-js']);
  expect([rounds, threads, python, out]).toEqual([7, [1, 2], 'python3', 'output/bench']);
  expect(rest).toEqual({ quick: false, docs: false, help: false });
});

it('reads lists, numbers and flags', () => {
  const options = parse(
    ...['--case', '1,2', '--backend', 'wasm, reference', '--peers', 'diffrax', '--rounds', '4', '--threads', '2,2'],
    ...['--python', '/opt/python', '--out', 'somewhere', '--quick', '--docs'],
  );
  expect(options).toEqual({
    cases: [1, 2],
    backends: ['wasm', 'reference'],
    peers: ['diffrax'],
    rounds: 4,
    threads: [2],
    python: '/opt/python',
    out: 'somewhere',
    quick: true,
    docs: true,
    help: false,
  });
});

it('takes fewer rounds when it is to be quick', () => {
  expect(parse('--quick').rounds).toBe(3);
  expect(parse('--quick', '--rounds', '9').rounds).toBe(9);
});

it('leaves the peers out', () => expect(parse('--no-peers').peers).toEqual([]));

it("finds Python by the option, else by the environment, else by the shell's name", () => {
  const env = { NODE_ODE_PYTHON: '/opt/peers/bin/python' };
  expect(parseCommand([], env).python).toBe('/opt/peers/bin/python');
  expect(parseCommand(['--python', 'pypy'], env).python).toBe('pypy');
  expect(parseCommand([], { NODE_ODE_PYTHON: '' }).python).toBe('python3');
});

describe('refuses', () => {
  it.each([
    [['--case', '5'], "--case '5'; expected one of 1, 2, 3, 4, 6, 7"],
    [['--case', ''], "--case ''; expected names or numbers with commas between them"],
    [['--backend', 'wasm,webgpu'], "--backend 'webgpu'; expected one of reference, wasm"],
    [['--backend', 'constructor'], "--backend 'constructor'"],
    [['--peers', 'scipy'], "--peers 'scipy'; expected one of torchdiffeq, diffrax, tfjs, jax-js"],
    [['--peers', 'tfjs', '--no-peers'], '--peers with --no-peers'],
    [['--rounds', '0'], "--rounds '0'; expected an integer, at least 1"],
    [['--rounds', '1.5'], "--rounds '1.5'"],
    [['--threads', '1,two'], "--threads 'two'; expected an integer, at least 1"],
    [['--threads', '-1'], '--threads'],
    [['--out', ''], '--out without a folder'],
    [['--fast'], "Unknown option '--fast'"],
    [['extra'], "Unexpected argument 'extra'"],
  ] as const)('%j', (args, message) => {
    expect(() => parse(...args)).toThrow(OptionError);
    expect(() => parse(...args)).toThrow(message);
    expect(() => parse(...args)).toThrow('See --help.');
  });
});
