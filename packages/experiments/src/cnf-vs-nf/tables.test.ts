import { describe, expect, it } from 'vitest';
import type { Comparison } from './experiment.ts';
import type { Fit } from './fit.ts';
import { costTable, klTable, notesOf } from './tables.ts';

const fit = (kl: number, standardError = 0.001): Fit => ({
  kl,
  standardError,
  curve: [1, kl],
  secondsPerStep: 0.002,
  nfe: 40,
  forwardSeconds: 0.1,
  inverseSeconds: 0.2,
  roundTrip: 1e-6,
  density: [],
});
const comparison = (cnf: readonly Fit[], nf: readonly Fit[]): Comparison => ({
  target: 'u1',
  logZ: 1.9,
  truth: [],
  size: 8,
  cnf,
  nf,
});
const verdict = (c: Comparison): unknown => klTable([c]).rows[0]?.at(-1);

describe('which flow is better', () => {
  it('is told by two standard errors over seeds', () => {
    const spreadOut = [fit(0.1), fit(0.3), fit(0.5)];
    expect(verdict(comparison(spreadOut, [fit(0.5), fit(0.5), fit(0.5)]))).toBe('neither');
    expect(verdict(comparison(spreadOut, [fit(0.6), fit(0.6), fit(0.6)]))).toBe('CNF');
    expect(verdict(comparison([fit(0.6), fit(0.6)], [fit(0.2), fit(0.21)]))).toBe('NF');
  });

  it('is told by the estimates’ standard errors where there is one seed', () => {
    expect(verdict(comparison([fit(0.1, 0.01)], [fit(0.12, 0.01)]))).toBe('neither');
    expect(verdict(comparison([fit(0.1, 0.01)], [fit(0.14, 0.01)]))).toBe('CNF');
  });

  it('is counted in the notes', () => {
    const all = [
      comparison([fit(0.1)], [fit(0.5)]),
      comparison([fit(0.5)], [fit(0.1)]),
      comparison([fit(0.5)], [fit(0.5)]),
    ];
    const [first] = notesOf(all, { steps: 10, batchSize: 2, points: 100 });
    expect(first).toContain('better in 1 of 3 rows, the discrete one in 1, neither in 1.');
  });
});

it('costs are in milliseconds', () => {
  expect(costTable([comparison([fit(0.1)], [fit(0.2)])]).rows[0]).toEqual([
    'U₁',
    8,
    2,
    2,
    40,
    100,
    200,
    100,
    200,
    1e-6,
    1e-6,
  ]);
});
