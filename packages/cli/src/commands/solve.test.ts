import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSession, type Session } from '../../test/session.ts';
import { builtInSystems } from '../solve/find-source.ts';

let session: Session;
beforeAll(async () => {
  session = await startSession();
  await session.file('decay.ode', 'k = 1\ndx = -k*x; x(0) = 2\nhalf = x/2\nt = 0 .. 1\n');
  await session.file('circle.ode', "x' = y; y' = -x; x(0) = 1; y(0) = 0; t = 0 .. 6; r = x^2 + y^2");
  await session.file('ball.ode', 'dh = v; dv = -8; h(0) = 4; v(0) = 0; t = 0 .. 10; stop when h < 0');
});
afterAll(() => session.end());

const rows = (csv: string): number[][] =>
  csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number));

describe('node-ode solve', () => {
  it('writes CSV', async () => {
    const { code, stdout, stderr } = await session.run(['solve', 'decay.ode', '--points', '3', '--also', 'half']);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('t,x,half');
    expect(rows(stdout).map(([t]) => t)).toEqual([0, 0.5, 1]);
    for (const [t = NaN, x = NaN, half] of rows(stdout)) {
      expect(x).toBeCloseTo(2 * Math.exp(-t), 5);
      expect(half).toBe(x / 2);
    }
    expect(stderr).toMatch(/^dopri5 on wasm, f64, rtol 1e-6, atol 1e-9: t = 0 to 1 in \d+ steps/);
  });

  it('writes JSON lines, and one document with --json', async () => {
    const lines = await session.run(['solve', 'decay.ode', '--times', '0.25,1', '--format', 'jsonl']);
    expect(
      lines.stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toMatchObject([{ t: 0, x: 2 }, { t: 0.25 }, { t: 1 }]);
    const { stdout } = await session.run(['solve', 'ball.ode', '--points', '2', '--json']);
    const found = JSON.parse(stdout) as {
      readonly columns: Record<string, number[]>;
      readonly stopped: { readonly t: number; readonly by: string };
    };
    expect(Object.keys(found.columns)).toEqual(['t', 'h', 'v']);
    expect(found.stopped.t).toBeCloseTo(1, 12);
    expect(found.stopped.by).toBe('stop when h < 0');
  });

  it('takes other values, a span backwards, any solver, engine and controller', async () => {
    const last = async (...args: string[]): Promise<number | undefined> => {
      const { stdout, stderr, code } = await session.run(['solve', 'decay.ode', '--points', '2', ...args]);
      expect([code, stderr.includes('node-ode:')]).toEqual([0, false]);
      return rows(stdout).at(-1)?.[1];
    };
    expect(await last('--param', 'k=2', '--y0', 'x=1')).toBeCloseTo(Math.exp(-2), 5);
    expect(await last('--span', '0,-1')).toBeCloseTo(2 * Math.E, 4);
    expect(await last('--solver', 'rk4', '--step-size', '0.1')).toBeCloseTo(2 / Math.E, 5);
    expect(await last('--solver', 'dopri8', '--rtol', '1e-12', '--atol', '1e-14')).toBeCloseTo(2 / Math.E, 12);
    expect(await last('--backend', 'reference', '--dtype', 'f32')).toBeCloseTo(2 / Math.E, 3);
    expect(
      await last('--controller', 'pid', '--set', 'controller.pCoefficient=0.4', '--set', 'controller.rtol=1e-9'),
    ).toBeCloseTo(2 / Math.E, 6);
    expect(await last('--solver', 'kvaerno3', '--set', 'solver.batchAxes=0')).toBeCloseTo(2 / Math.E, 5);
  });

  it('reads stdin', async () => {
    const { stdout } = await session.run(['solve', '-', '--points', '2'], 'dx = 2; x(0) = 1; t = 0 .. 1');
    expect(rows(stdout)).toEqual([
      [0, 1],
      [1, 3],
    ]);
  });

  it('brings systems along', async () => {
    const conserved = await session.run([
      'solve',
      'lotka-volterra',
      '--also',
      'v',
      '--rtol',
      '1e-10',
      '--atol',
      '1e-10',
    ]);
    const values = rows(conserved.stdout).map((row) => row.at(-1) ?? NaN);
    expect(values).toHaveLength(101);
    for (const v of values) expect(v).toBeCloseTo(values[0] ?? NaN, 8);
    const systems = await builtInSystems();
    expect(systems.length).toBeGreaterThan(5);
    const { stdout } = await session.run(['solve', '--help']);
    expect(stdout).toContain(`come along: ${systems.join(', ')}.`);
    for (const name of systems) {
      const stiff = name === 'robertson' ? ['--solver', 'kvaerno5'] : [];
      expect(await session.run(['solve', name, '--points', '2', ...stiff])).toMatchObject({ code: 0 });
    }
  });

  it('writes pictures and a table', async () => {
    const { code, stdout, stderr } = await session.run([
      ...['solve', 'circle.ode', '--points', '2', '--out', 'out/circle.csv'],
      ...['--plot', 'out/time.svg', '--phase', 'out/plane.png', '--axes', 'x,r'],
    ]);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('wrote out/time.svg');
    expect((await readdir(join(session.folder, 'out'))).sort()).toEqual(['circle.csv', 'plane.png', 'time.svg']);
    expect(rows(await readFile(join(session.folder, 'out/circle.csv'), 'utf8'))).toHaveLength(2);
    const svg = await readFile(join(session.folder, 'out/time.svg'), 'utf8');
    expect(svg).toContain('>r<');
    expect((svg.match(/L/g) ?? []).length).toBeGreaterThan(1000); // smooth, whatever the table has
    expect((await readFile(join(session.folder, 'out/plane.png'))).subarray(1, 4).toString()).toBe('PNG');
  });

  it('writes a solve that fails up to where it did, and the error behind it', async () => {
    await session.file('pole.ode', 'dx = x^2; x(0) = 1; t = 0 .. 2');
    const args = ['solve', 'pole.ode', '--points', '20', '--rtol', '1e-9'];
    const message = /the step became too small to change the time: \S+ at t = 1,/;
    const ended = await session.run([...args, '--plot', 'pole.svg']);
    expect([ended.code, ended.stderr]).toEqual([4, expect.stringMatching(message)]);
    expect(ended.stderr).toMatch(/t = 0 to 0\.947\d*, then it failed, in \d+ steps/);
    const found = rows(ended.stdout);
    expect(found.map(([t]) => t)).toEqual(Array.from({ length: 10 }, (_, i) => (2 * i) / 19));
    for (const [t = NaN, x = NaN] of found) expect(x * (1 - t)).toBeCloseTo(1, 4);
    expect(await readFile(join(session.folder, 'pole.svg'), 'utf8')).toContain('<svg');

    const document = await session.run([...args, '--json']);
    const { columns, error } = JSON.parse(document.stdout) as {
      readonly columns: { readonly t: number[]; readonly x: number[] };
      readonly error: { readonly code: string; readonly message: string };
    };
    expect([document.code, error.code, error.message]).toEqual([4, 'SOLVE', expect.stringMatching(message)]);
    expect(columns.t.map((t, i) => [t, columns.x[i]])).toEqual(found);

    const file = await session.run([...args, '--out', 'pole.csv']);
    expect([file.code, file.stdout]).toEqual([4, '']);
    expect(rows(await readFile(join(session.folder, 'pole.csv'), 'utf8'))).toEqual(found);
  });

  it('has no other defaults than its help tells', async () => {
    const { stdout } = await session.run(['solve', '--help']);
    expect(stdout.replace(/\s+/g, ' ')).toContain('1e-6 by default, 1e-4 in f32');
  });

  it.each<readonly [number, string, readonly string[]]>([
    [
      3,
      'solve: there is no file lorens; expected a file, - for stdin, or one of ball, lorenz, lotka-volterra, pendulum, robertson, van-der-pol. Did you mean lorenz?',
      ['lorens'],
    ],
    [3, 'it is a folder', ['.']],
    [2, '--plot: the picture a.pdf; expected a path that ends in .svg or .png.', ['decay.ode', '--plot', 'a.pdf']],
    [2, 'solve: --also: the file has no “haf”; expected one of t, x, half', ['decay.ode', '--also', 'haf']],
    [2, 'Did you mean half?', ['decay.ode', '--axes', 'haf']],
    [2, '--param j=…: the file has no j to set', ['decay.ode', '--param', 'j=1']],
    [2, "argument 'k' is invalid. Expected name=number", ['decay.ode', '--param', 'k']],
    [2, 'Expected two times', ['decay.ode', '--span', '1']],
    [2, '--times has 2; expected times that go from 0 to 1', ['decay.ode', '--times', '0.5,2']],
    [2, 'both --points and --times', ['decay.ode', '--times', '0.5', '--points', '3']],
    [2, 'rk4 has no error estimate to choose its steps by', ['decay.ode', '--solver', 'rk4']],
    [2, 'rtol or atol with stepSize', ['decay.ode', '--step-size', '0.1', '--rtol', '1']],
    [2, 'takes no option “no”', ['decay.ode', '--solver', 'kvaerno3', '--set', 'solver.no=1']],
    [5, 'a solver “dopri6” is not installed', ['decay.ode', '--solver', 'dopri6']],
    [2, '--phase with one axis', ['decay.ode', '--phase', 'a.svg']],
    [3, 'x is given at t = 0, and the time span begins at 1', ['decay.ode', '--span', '1,2']],
    [4, 'Increase maxSteps', ['decay.ode', '--max-steps', '1', '--rtol', '1e-9']],
  ])('ends with %d and %s', async (code, message, args) => {
    const ended = await session.run(['solve', ...args]);
    expect(ended.stderr).toContain(message);
    expect(
      ended.stderr
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('node-ode: ')),
    ).toHaveLength(1);
    expect(ended).toMatchObject({ code, stdout: '' });
  });
});
