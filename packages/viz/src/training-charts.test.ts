import { ShapeError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { learningCurves, nfeCurves, toleranceChart, workPrecision } from './index.ts';

const x = [1, 2, 3];
const dashed = (svg: string): number => (svg.match(/<path d="M[^"]*" [^>]*stroke-dasharray/g) ?? []).length;

describe('learningCurves', () => {
  it('dashes what a model learns from, and shows deviations of several runs', () => {
    const one = learningCurves({ curves: [{ name: 'NODE', x, training: [3, 2, 1], validation: [4, 3, 2] }] });
    for (const text of ['>NODE, training<', '>NODE, validation<', '>epoch<', '>loss<']) expect(one.svg).toContain(text);
    expect(one.svg).not.toContain('fill-opacity');
    const runs = [[3, 2, 1], [5, 3, 2]]; // prettier-ignore
    const several = learningCurves({ curves: [{ name: 'NODE', x, training: runs, validation: [4, 3, 2] }] });
    expect(several.svg.match(/fill-opacity/g)).toHaveLength(1);
    expect(
      dashed(several.svg) - dashed(learningCurves({ curves: [{ name: 'NODE', x, training: runs }] }).svg),
    ).toBeGreaterThan(0);
  });

  it('refuses runs of another length', () => {
    expect(() => learningCurves({ curves: [{ name: 'NODE', x, validation: [1, 2] }] })).toThrow(ShapeError);
    expect(() => learningCurves({ curves: [{ name: 'NODE', x, validation: [[1, 2, 3], [1]] }] })).toThrow(
      'learningCurves: a run of “NODE” has 1 values for 3 x',
    );
  });
});

describe('nfeCurves', () => {
  it('names what is forward and what is backward', () => {
    const { svg } = nfeCurves({ curves: [{ name: 'NODE', x, forward: [26, 32, 38], backward: [20, 26, 32] }] });
    for (const text of ['>NODE, forward<', '>NODE, backward<', '>evaluations of the dynamics<'])
      expect(svg).toContain(text);
    expect(nfeCurves({ curves: [{ name: 'ANODE', x, forward: [26, 26, 26] }] }).svg).toContain('>ANODE<');
  });
});

describe('charts of accuracy', () => {
  const method = { name: 'dopri5', tolerance: [1e-2, 1e-4, 1e-6], error: [1e-2, 1e-4, 1e-6], nfe: [20, 50, 120] };

  it('shows where error and tolerance are equal', () => {
    const { svg } = toleranceChart({ methods: [method] });
    const paths = [...svg.matchAll(/<path d="(M[^"]*)" fill="none" stroke="#(0072B2|000000)"/g)].map(
      (match) => match[1] ?? '',
    );
    const ends = (d = ''): number[][] =>
      d
        .split(/[ML]/)
        .slice(1)
        .map((pair) => pair.split(',').map(Number));
    const [ours, equal] = paths.map(ends);
    // this method is as wrong as it may be: its line is the diagonal
    expect(ours?.at(-1)).toEqual(equal?.[0]);
    expect(ours?.[0]).toEqual(equal?.at(-1));
    expect(svg).toContain('>error = tolerance<');
  });

  it('shows what errors cost', () => {
    const { svg } = workPrecision({ methods: [method] });
    for (const text of ['>error<', '>evaluations of the dynamics<', '>dopri5<']) expect(svg).toContain(text);
    expect(svg).not.toContain('error = tolerance');
  });

  it('refuses what does not belong together', () => {
    expect(() => workPrecision({ methods: [{ ...method, nfe: [1] }] })).toThrow(
      'workPrecision: “dopri5” has 3 errors for 1 values of nfe',
    );
    expect(() => toleranceChart({ methods: [{ ...method, tolerance: [1] }] })).toThrow(ShapeError);
  });
});
