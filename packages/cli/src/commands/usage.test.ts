import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSession, type Session } from '../../test/session.ts';
import { configFlags, solveFlags } from '../config/flags.ts';

let session: Session;
beforeAll(async () => {
  session = await startSession();
});
afterAll(() => session.end());

/** A command line that is wrong: one paragraph on stderr, the same in JSON. */
async function refused(...args: readonly string[]): Promise<string> {
  const told = await session.run(args);
  expect([told.code, told.stdout, told.stderr]).toEqual([2, '', expect.stringMatching(/^node-ode: .*\.\n$|\?\n$/)]);
  const json = await session.run([...args, '--json']);
  const message = told.stderr.replace(/^node-ode: /, '').trimEnd();
  expect([json.code, json.stderr]).toEqual([2, told.stderr]);
  expect(JSON.parse(json.stdout)).toEqual({ error: { code: 'USAGE', message } });
  return message;
}

describe('a command line that is wrong is told in one paragraph', () => {
  it.each<[readonly string[], string]>([
    [['trian'], "command line: unknown command 'trian'. Did you mean train? See node-ode --help."],
    [['--bogus'], "command line: unknown option '--bogus'. See node-ode --help."],
    [['train', '--epohcs', '3'], "train: unknown option '--epohcs'. Did you mean --epochs? See node-ode train --help."],
    [['predict'], "predict: missing required argument 'model'. See node-ode predict --help."],
    [['schema', 'more'], 'Expected 0 arguments but got 1. See node-ode schema --help.'],
    [['solve', 'lorenz', '--format', 'xml'], 'Allowed choices are csv, jsonl. See node-ode solve --help.'],
    [['export', 'x', '--metadata', 'me'], 'Expected key=value. See node-ode export --help.'],
  ])('%j', async (args, message) => {
    expect(await refused(...args)).toContain(message);
  });
});

describe('a number out of range is told with its flag', () => {
  const isNumeric = ({ node: { type } }: (typeof configFlags)[number]): boolean =>
    type === 'number' || type === 'integer';
  const named = configFlags.filter(isNumeric).filter(({ name }) => name !== 'seed'); // any integer
  it.each(named.map(({ name }) => name))('train --%s -1', async (name) => {
    const message = await refused('train', 'moons-cnf', `--${name}`, '-1');
    expect(message).toMatch(new RegExp(`^--${name}: -1; expected (a|an) [^.]*(number|integer)[^.]*\\.$`));
    expect(await refused('train', 'moons-cnf', `--${name}=-1`)).toBe(message);
  });

  it.each(solveFlags.filter(isNumeric).map(({ name }) => name))('solve --%s -1', async (name) => {
    expect(await refused('solve', 'lorenz', `--${name}`, '-1')).toContain(`--${name}: -1; expected`);
  });

  it.each<[readonly string[], string]>([
    [['train', 'moons-cnf', '--epochs', '-3'], '--epochs: -3; expected an integer from 0 on.'],
    [['train', 'moons-cnf', '--epochs', '1.5'], '--epochs: 1.5; expected an integer.'],
    [['train', 'moons-cnf', '--batch-size', '0'], '--batch-size: 0; expected a positive integer.'],
    [['solve', 'lorenz', '--points', '-1'], "'--points <n>' argument '-1' is invalid. Expected an integer from 2 on."],
    [['solve', 'lorenz', '--times', '-1'], '--times has -1; expected times that go from 0 to 40'],
    [['bench', 'lorenz', '--rtols', '-1'], 'Expected numbers above 0.'],
    [['bench', 'lorenz', '--rounds', '-1'], 'Expected an integer from 1 on.'],
    [['bench', 'lorenz', '--step-size', '-1'], 'Expected a number above 0.'],
  ])('%j', async (args, message) => {
    const told = await session.run(args);
    expect([told.code, told.stdout, told.stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });
});

it('negative numbers are values where they are allowed', async () => {
  for (const span of [['--span', '0,-1'], ['--span=0,-1']]) {
    const { code, stdout } = await session.run(['solve', 'pendulum', ...span, '--points', '2']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\n-1,/)]);
  }
});
