import { expect, it } from 'vitest';
import type { Program } from './program.ts';
import { roundsOf } from './rounds.ts';

/** A program that does nothing but say so. */
const saying = (name: string, said: string[]): Program => ({
  restart: () => void said.push(`${name}0`),
  run: () => Promise.resolve(void said.push(name)),
  answer: () => Promise.reject(new Error('nobody asks')),
});

it('repeats all units of a program, from the start each time', async () => {
  const said: string[] = [];
  const round = roundsOf([saying('a', said)], 3);
  const [times = [], ...others] = await round(0);
  expect([said.join(' '), times.length, others]).toEqual(['a0 a a a', 3, []]);
});

it('has programs take turns unit by unit, and each of them begin as often', async () => {
  const said: string[] = [];
  const times = await roundsOf([saying('a', said), saying('b', said)], 2)(0);
  expect(said.join(' ')).toBe('a0 b0 a b a b a0 b0 b a b a');
  expect(times.map(({ length }) => length)).toEqual([4, 4]);
  expect(times.flat().every((ms) => ms >= 0 && ms < 1000)).toBe(true);
});

it('lets the event loop turn before the next one has its turn', async () => {
  const said: string[] = [];
  const leaving = (name: string): Program => ({
    ...saying(name, said),
    run: () => Promise.resolve(void setImmediate(() => said.push(name))),
  });
  await roundsOf([leaving('a'), leaving('b')], 2)(0);
  expect(said.filter((x) => !x.endsWith('0')).join(' ')).toBe('a b a b b a b a');
});

it('gives each of them as long', async () => {
  const round = roundsOf([saying('a', []), saying('b', [])], 1);
  const started = performance.now();
  await round(0.02);
  expect(performance.now() - started).toBeGreaterThanOrEqual(40);
});
