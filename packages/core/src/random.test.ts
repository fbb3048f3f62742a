import { describe, expect, it } from 'vitest';
import { refusal } from '../test/support.ts';
import { random, type Random } from './random.ts';

const draws = (rng: Random, n: number, of: (r: Random) => number): readonly number[] =>
  Array.from({ length: n }, () => of(rng));
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const uniform = (r: Random): number => r.uniform();
const normal = (r: Random): number => r.normal();

describe('random', () => {
  it('is xoshiro128**: the reference implementation’s numbers from the state 1, 2, 3, 4', () => {
    const rng = random([1, 2, 3, 4, 0, 0x7ff80000]);
    // The generator's own vectors, as in rand_xoshiro.
    expect(draws(rng, 10, (r) => r.uniform() * 2 ** 32)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('one seed gives one stream, another another', () => {
    expect(draws(random(42), 20, uniform)).toEqual(draws(random(42), 20, uniform));
    const firsts = [0, 1, -1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 40, -(2 ** 33), 42].map((seed) => random(seed).uniform());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it('uniform: in [0, 1), with the moments and the independence of one', () => {
    const xs = draws(random(1), 100_000, uniform);
    expect(xs.every((x) => x >= 0 && x < 1)).toBe(true);
    // Four standard deviations of each estimate.
    expect(Math.abs(mean(xs) - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / 1e5));
    expect(Math.abs(mean(xs.map((x) => x * x)) - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / 1e5));
    const lagged = xs.slice(1).map((x, i) => (x - 0.5) * ((xs[i] as number) - 0.5));
    expect(Math.abs(mean(lagged))).toBeLessThan(4 * (1 / 12 / Math.sqrt(1e5)));
    const counts = new Array<number>(64).fill(0);
    for (const x of xs) counts[Math.floor(x * 64)]!++;
    const chi2 = counts.reduce((s, n) => s + (n - 1e5 / 64) ** 2 / (1e5 / 64), 0);
    expect(chi2).toBeGreaterThan(63 - 4 * Math.sqrt(126));
    expect(chi2).toBeLessThan(63 + 4 * Math.sqrt(126));
  });

  it('normal: mean 0, variance 1, no skew, kurtosis 3, both of a pair independent', () => {
    const xs = draws(random(2), 100_000, normal);
    const moment = (k: number): number => mean(xs.map((x) => x ** k));
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(1e5));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / 1e5));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / 1e5));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / 1e5));
    const pairs = mean(xs.map((x, i) => (i % 2 === 0 ? x * (xs[i + 1] as number) : 0))) * 2;
    expect(Math.abs(pairs)).toBeLessThan(4 / Math.sqrt(5e4));
    expect(xs.every(Number.isFinite)).toBe(true);
  });

  it('integer: each of 0 … n − 1 alike', () => {
    const counts = new Array<number>(7).fill(0);
    for (const n of draws(random(3), 70_000, (r) => r.integer(7))) counts[n]!++;
    for (const count of counts)
      expect(Math.abs(count - 10_000)).toBeLessThan(4 * Math.sqrt(70_000 * (1 / 7) * (6 / 7)));
    expect(random(1).integer(1)).toBe(0);
  });

  it('shuffle: a permutation, each place alike', () => {
    expect([...random(4).shuffle(100)].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const rng = random(5);
    const places = Array.from({ length: 3 }, () => [0, 0, 0]);
    for (let i = 0; i < 30_000; i++) rng.shuffle(3).forEach((x, place) => places[place]![x]!++);
    for (const count of places.flat())
      expect(Math.abs(count - 10_000)).toBeLessThan(4 * Math.sqrt(30_000 * (1 / 3) * (2 / 3)));
    expect([[...random(1).shuffle(0)], [...random(1).shuffle(1)]]).toEqual([[], [0]]);
  });

  it('its state continues the stream bit for bit, the pending normal included', () => {
    for (const before of [0, 1, 2, 7]) {
      const rng = random(6);
      draws(rng, before, normal);
      rng.uniform();
      const saved = rng.state();
      expect(saved.length).toBe(6);
      const restored = random(JSON.parse(JSON.stringify(saved)) as number[]);
      expect(restored.state()).toEqual(saved);
      const next = (r: Random) => [draws(r, 3, normal), draws(r, 3, uniform), [...r.shuffle(5)], r.state()];
      expect(next(restored)).toEqual(next(rng));
    }
  });

  it('asking for the state changes nothing', () => {
    const [a, b] = [random(7), random(7)];
    a.normal();
    a.state();
    b.normal();
    expect(draws(a, 5, normal)).toEqual(draws(b, 5, normal));
  });

  it('split gives a stream of its own, and goes on', () => {
    const [a, b] = [random(8), random(8)];
    const [child, twin] = [a.split(), b.split()];
    const stream = draws(child, 50, uniform);
    expect(stream).toEqual(draws(twin, 50, uniform));
    expect(a.uniform()).toBe(b.uniform());
    expect(stream).not.toEqual(draws(random(8), 50, uniform));
    expect(draws(a.split(), 50, uniform)).not.toEqual(stream);
    const both = draws(random(9).split(), 1000, uniform).map((x, i) => (x - 0.5) * ((draws9[i] as number) - 0.5));
    expect(Math.abs(mean(both))).toBeLessThan(4 / 12 / Math.sqrt(1000));
  });

  it.each([0.5, NaN, Infinity])('refuses the seed %d', async (seed) => {
    expect(await refusal(() => random(seed))).toBe(`OptionError: random: seed ${seed}; expected an integer.`);
  });

  it.each<readonly [string, readonly number[]]>([
    ['too short', [1, 2, 3, 4]],
    ['all zero', [0, 0, 0, 0, 0, 0]],
    ['negative', [-1, 2, 3, 4, 0, 0]],
    ['too large', [2 ** 32, 2, 3, 4, 0, 0]],
    ['fractional', [0.5, 2, 3, 4, 0, 0]],
  ])('refuses a state that is %s', async (_, state) => {
    expect(await refusal(() => random(state))).toBe(
      `OptionError: random: a state of ${state.length} words; expected the six 32-bit words that state() gave.`,
    );
  });
});

const draws9 = draws(random(9), 1000, uniform);
