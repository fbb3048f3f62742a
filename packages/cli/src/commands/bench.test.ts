import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSession, type Session } from '../../test/session.ts';
import { median, type Measurement } from '../bench/measure.ts';

let session: Session;
beforeAll(async () => {
  session = await startSession();
  await session.file('circle.ode', "x' = y; y' = -x; x(0) = 1; y(0) = 0; t = 0 .. 2*pi");
});
afterAll(() => session.end());

describe('node-ode bench', () => {
  it('puts solvers, engines and tolerances side by side', async () => {
    const args = [
      'bench',
      'circle.ode',
      '--solvers',
      'dopri5,rk4',
      '--step-size',
      '0.01',
      '--backends',
      'wasm,reference',
    ];
    const { code, stdout, stderr } = await session.run([
      ...args,
      '--rtols',
      '1e-4,1e-8',
      '--rounds',
      '2',
      '--plot',
      'bench.svg',
      '--json',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const { measurements } = JSON.parse(stdout) as { readonly measurements: readonly Measurement[] };
    expect(measurements.map(({ solver, engine, rtol }) => [solver, engine, rtol])).toEqual([
      ['dopri5', 'wasm', 1e-4],
      ['dopri5', 'wasm', 1e-8],
      ['rk4', 'wasm', null],
      ['dopri5', 'reference', 1e-4],
      ['dopri5', 'reference', 1e-8],
      ['rk4', 'reference', null],
    ]);
    const [loose, tight, fixed, ...onReference] = measurements;
    expect(loose?.error).toBeLessThan(1e-2);
    expect(loose?.error).toBeGreaterThan(1e-6);
    expect(tight?.error).toBeLessThan(1e-6);
    expect(fixed).toMatchObject({ steps: 629, nfe: 4 * 629, rejected: 0 });
    expect(fixed?.error).toBeLessThan(1e-9);
    expect(loose?.ratio).toBe(1);
    for (const [i, other] of onReference.entries()) {
      expect(other.nfe).toBe(measurements[i]?.nfe);
      expect(other.milliseconds).toBeGreaterThan(0);
    }
    expect(await readFile(join(session.folder, 'bench.svg'), 'utf8')).toContain('rk4, wasm');
  });

  it('tells a table', async () => {
    const { stdout } = await session.run(['bench', '--rtols', '1e-3', '--rounds', '1', '--span', '0,1']);
    expect(stdout).toMatch(
      /^solver +engine +dtype +rtol +steps +rejected +NFE +error +ms +µs\/step +ratio\ndopri5 +wasm +f64 +1e-3 /,
    );
  });

  it('says what it can not do', async () => {
    expect((await session.run(['bench', 'circle.ode', '--solvers', 'rk4'])).stderr).toContain(
      'expected --step-size for it',
    );
    expect((await session.run(['bench', '--backends', 'none'])).code).toBe(5);
    expect((await session.run(['bench', '--plot', 'a.gif'])).code).toBe(2);
  });
});

describe('median', () => {
  it('is in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, NaN]);
  });
});
