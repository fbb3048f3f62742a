/** Recording and replaying what a small engine of the test does on tfjs's cpu backend. */
import '@tensorflow/tfjs-backend-cpu';
import { getKernel, ready, setBackend, type TensorInfo } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementsIn } from './elements.ts';
import type { KernelEvent } from './events.ts';
import { replayOf, type Replay } from './replay.ts';
import { watchBackend, type Watch } from './watch.ts';

let watch: Watch;
beforeAll(async () => {
  await setBackend('cpu');
  await ready();
  watch = watchBackend('cpu');
});
afterAll(() => watch.end());

/** An engine that looks its kernels up as it goes. */
function call(kernel: string, inputs: Record<string, TensorInfo> | TensorInfo[], attrs = {}): TensorInfo {
  const given = { inputs: inputs as Record<string, TensorInfo>, attrs, backend: watch.backend };
  return getKernel(kernel, 'cpu').kernelFunc(given) as TensorInfo;
}
const upload = (...values: number[]): TensorInfo => {
  const shape = [values.length];
  return { dataId: watch.backend.write(new Float32Array(values), shape, 'float32'), shape, dtype: 'float32' };
};
const free = (...xs: TensorInfo[]): void => xs.forEach(({ dataId }) => watch.backend.disposeData(dataId));
const numbers = (x: TensorInfo): number[] => Array.from(elementsIn(watch.backend.readSync(x.dataId)));

/** y ← y·w + h, `count` times, with h of the host and a look at each y; w is there all the time. */
function iterate(y: TensorInfo, w: TensorInfo, count: number): TensorInfo {
  for (let i = 0; i < count; i++) {
    const h = upload(i / 4);
    const product = call('Multiply', { a: y, b: w });
    const alias = call('Identity', { x: product });
    free(product, y);
    y = call('Add', { a: alias, b: h });
    free(h, alias);
    numbers(y);
  }
  return y;
}

function recorded(...runs: (() => void)[]): KernelEvent[][] {
  return runs.map((run) => {
    watch.start();
    run();
    return [...watch.stop()];
  });
}

const before = (): number => watch.backend.numDataIds();

describe('a replay', () => {
  const check = async (replay: Replay, runs: number): Promise<void> => {
    const held = before();
    for (let i = 0; i < 2 * runs; i++) await replay.run();
    replay.restart();
    expect(before()).toBe(held);
    await replay.run();
    replay.restart();
    expect(before()).toBe(held);
  };

  it('makes the calls again, reads the same, and leaves nothing behind', async () => {
    const w = upload(0.5, 2);
    const start = before();
    let result: number[] = [];
    const events = recorded(() => {
      const y = iterate(upload(1, -1), w, 5);
      result = numbers(y);
      free(y);
    });
    expect(result).toEqual([1.5625, -25.5]);
    const replay = replayOf(watch.backend, events);
    expect(replay.counts).toEqual({ kernels: 15, uploads: 6, reads: 6 });
    await check(replay, 1);
    replay.dispose();
    expect(before()).toBe(start);
    free(w);
  });

  it('goes on where the run before ended', async () => {
    const w = upload(0.5, 2);
    const start = before();
    let state: TensorInfo;
    const events = recorded(
      () => void (state = iterate(upload(1, -1), w, 2)),
      () => void (state = iterate(state, w, 2)),
      () => {
        numbers(state);
        free(state);
      },
    );
    const replay = replayOf(watch.backend, events);
    await check(replay, 3);
    replay.dispose();
    expect(before()).toBe(start);
    free(w);
  });

  it('begins with what the run before has left for it', async () => {
    const x = upload(3, 4);
    const start = before();
    let h: TensorInfo | undefined;
    /** Keeps a number on the backend for as long as it stays the same. */
    const times = (...factors: number[]): void => {
      for (const factor of factors) {
        if (h === undefined || numbers(h)[0] !== factor) {
          if (h !== undefined) free(h);
          h = upload(factor);
        }
        const z = call('Multiply', { a: x, b: h });
        numbers(z);
        free(z);
      }
    };
    const [first = [], ...events] = recorded(
      () => times(1, 2),
      () => times(2, 5),
      () => times(5, 2),
    );
    const replay = replayOf(watch.backend, events, first);
    await check(replay, 2);
    expect(replay.counts.uploads).toBe(3);
    replay.dispose();
    free(h!);
    expect(before()).toBe(start);
    free(x);
  });

  it('takes operands in a list', async () => {
    const [x, y] = [upload(1, 2), upload(3)];
    let result: number[] = [];
    const events = recorded(() => {
      const z = call('Concat', [x, y], { axis: 0 });
      result = numbers(z);
      free(z);
    });
    expect(result).toEqual([1, 2, 3]);
    await check(replayOf(watch.backend, events), 1);
    free(x, y);
  });

  it('notices numbers that are not what they were', async () => {
    const x = upload(1, 2);
    const events = recorded(() => {
      const z = call('Neg', { x });
      numbers(z);
      free(z);
    });
    const values = elementsIn(watch.backend.readSync(x.dataId));
    values[1] = 5;
    await expect(replayOf(watch.backend, events).run()).rejects.toThrow('element 1 of a result is -5');
    free(x);
  });
});

it('counts what a kernel does inside once, and nothing when nobody asks', () => {
  const x = upload(1, 2, 3);
  const mean = () => call('Mean', { x }, { axis: [0], keepDims: false });
  const [events] = recorded(() => free(mean()));
  expect(events?.map(({ kind }) => kind)).toEqual(['call', 'dispose']);
  free(mean(), x);
  expect(watch.stop()).toEqual([]);
});
