/** Nothing is left in tfjs's backends: not by training, not by solves that fail, not after everything was disposed of. */
import { array, createOde, random, valueAndGrad, type Tensor, type TensorsOf } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { applyGradients, mlp, mse, sgd, trainState, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tfjs, type TfjsBackend, type TfModule } from '../src/index.ts';

/** tfjs, with what it says of itself. */
export interface MeasuredModule extends TfModule {
  setBackend(name: string): Promise<boolean>;
  memory(): { readonly numTensors: number; readonly numDataBuffers: number; readonly numBytes: number };
}

const net = mlp({ sizes: [2, 3, 2] });
const optimizer = sgd({ learningRate: 0.05 });
type State = TrainState<Tensor, TensorsOf<ReturnType<typeof net.init>>>;

const gradients = { backprop: backprop(), adjoint: adjoint() };

/** Registers the tests of a backend; `tf` is asked for once. */
export function checkMemory(name: string, load: () => Promise<MeasuredModule>): void {
  let tf: MeasuredModule;
  const engine = (): Promise<TfjsBackend> => tfjs({ tf, backend: name });
  const held = (): readonly number[] => heldBy(tf, name);
  const later = async (): Promise<readonly number[]> => {
    // Compiled functions let go of what they held a little later.
    await new Promise((resolve) => setImmediate(resolve));
    return held();
  };
  // tf.memory() asks the current backend; a file whose tests are skipped loads nothing.
  beforeEach(async () => {
    tf = await load();
    await tf.setBackend(name);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(Object.entries(gradients))(
    'a thousand training steps by %s hold no more than one',
    async (_, gradient) => {
      const start = held();
      const backend = await engine();
      const ode = createOde({ backend, solver: dopri5(), gradient, rtol: 1e-2, atol: 1e-2 });
      const step = ode.compile((state: State, x: Tensor, y: Tensor) => {
        const loss = (p: State['params']): Tensor =>
          mse(ode.odeint((_t, z) => net.apply(p, z), x, [0, 0.2]).ys.at(-1), y);
        const { value, grad } = valueAndGrad(loss)(state.params);
        return { state: applyGradients(optimizer, state, grad), loss: value };
      });
      const [x, y] = await Promise.all(
        [
          [1, 0],
          [0, 1],
        ].map((row) => backend.upload(array([row]))),
      );
      const trained = await step(trainState(optimizer, net.init(random(0))), x!, y!);
      const first = Number((await trained.loss.read()).data[0]);
      let { state, loss } = trained;
      const before = held();
      for (let i = 0; i < 1000; i++) {
        const next = await step(state, x!, y!);
        for (const leaf of leavesOf(state)) leaf.dispose();
        loss.dispose();
        ({ state, loss } = next);
        if (i % 250 === 0) expect(held(), `step ${i}`).toEqual(before);
      }
      expect(held()).toEqual(before);
      expect((await loss.read()).data[0]).toBeLessThan(first / 2);
      for (const leaf of [...leavesOf(state), loss, x!, y!]) leaf.dispose();
      step.dispose();
      await backend.dispose();
      expect(await later()).toEqual(start);
    },
    240_000,
  );

  it('solves that fail leave nothing', async () => {
    const start = held();
    const backend = await engine();
    const solve = (f: (t: Tensor, y: Tensor) => Tensor, maxSteps = 1000) => {
      const ode = createOde({ backend, solver: dopri5(), rtol: 1e-4, atol: 1e-4, maxSteps });
      return ode.solve(f, array([1, 2, 3]), [0, 10]);
    };
    const decay = (_t: Tensor, y: Tensor): Tensor => y.mul(-1);
    await solve(decay);
    await expect(solve(decay, 3)).rejects.toMatchObject({ code: 'SOLVE', reason: 'maxSteps' });
    expect(await later()).toEqual(start);
    await expect(solve((_t, y) => y.square())).rejects.toMatchObject({ code: 'SOLVE' });
    expect(await later()).toEqual(start);
    await expect(solve((_t, y) => y.sub(100).log())).rejects.toMatchObject({ code: 'SOLVE', reason: 'nonFinite' });
    expect(await later()).toEqual(start);
    await backend.dispose();
    expect(await later()).toEqual(start);
  });

  it('a solve that is aborted leaves nothing', async () => {
    const start = held();
    const backend = await engine();
    const ode = createOde({ backend, solver: dopri5(), maxSteps: 1e6, rtol: 1e-6, atol: 1e-6 });
    // Stiff: it would take a minute.
    const fn = ode.compile((y: Tensor, end: Tensor) => ode.odeint((_t, z) => z.mul(-1e5), y, [0, end]).ys);
    const executable = await backend.compile(fn.graph(array([1, 2, 3]), 10));
    const inputs = await Promise.all([array([1, 2, 3]), array(10)].map((x) => backend.upload(x)));
    const before = held();
    await expect(executable.run(inputs, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(held()).toEqual(before);
    for (const input of inputs) input.dispose();
    executable.dispose();
    fn.dispose();
    await backend.dispose();
    expect(await later()).toEqual(start);
  });

  it('a kernel that fails at any place is an error that names it, and leaves nothing', async () => {
    const start = held();
    const backend = await engine();
    const sine = tf.getKernel('Sin', name);
    if (sine === undefined) throw new Error(`no kernel Sin on '${name}'`);
    const real = sine.kernelFunc;
    let left = Infinity;
    vi.spyOn(sine, 'kernelFunc').mockImplementation((args) => {
      if (left-- === 0) throw new Error('no more sines');
      return real(args);
    });
    const ode = createOde({ backend, solver: dopri5(), gradient: backprop(), rtol: 1e-3, atol: 1e-3 });
    const step = ode.compile((y0: Tensor) =>
      valueAndGrad((y: Tensor) =>
        ode
          .odeint((t, z) => z.mul(t).sin().add(z.sum()), y, [0, 0.5, 1])
          .ys.square()
          .sum(),
      )(y0),
    );
    const y0 = await backend.upload(array([0.1, 0.2, 0.3]));
    const run = async (): Promise<void> => {
      const { value, grad } = await step(y0);
      for (const result of [value, grad]) result.dispose();
    };
    await run();
    const before = held();
    // A run that succeeds leaves numbers of the host's for the next, one that fails does not.
    let failed: readonly number[] | undefined;
    for (const place of [0, 1, 5, 13, 20, 33]) {
      left = place;
      await expect(run()).rejects.toMatchObject({ code: 'EXECUTION', operation: 'sin' });
      failed ??= held();
      expect(failed[0]).toBeLessThan(before[0]!);
      await expect(((left = place), run())).rejects.toThrow(`kernel Sin on '${name}' failed: no more sines`);
      expect(held(), `failed at sine ${place}`).toEqual(failed);
    }
    left = Infinity;
    await run();
    expect(held()).toEqual(before);
    y0.dispose();
    step.dispose();
    await backend.dispose();
    expect(await later()).toEqual(start);
  });
}

/** What a backend of tfjs and tfjs's engine hold. */
function heldBy(tf: MeasuredModule, backend: string): readonly number[] {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return [tf.findBackend(backend)?.numDataIds() ?? NaN, numTensors, numDataBuffers, numBytes];
}

interface Disposable {
  dispose(): void;
}

/** The device arrays of a tree. */
function leavesOf(tree: unknown): readonly Disposable[] {
  if (typeof tree !== 'object' || tree === null) return [];
  if (isDisposable(tree)) return [tree];
  return Object.values(tree).flatMap(leavesOf);
}

const isDisposable = (x: object): x is Disposable => 'dispose' in x && typeof x.dispose === 'function';
