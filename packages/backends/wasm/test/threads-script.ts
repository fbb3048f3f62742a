/** What a page, a worker or a process runs to try threads: one bundle for all hosts. */
import { array, compile, type Tensor } from '@node-ode/core';
import { wasm } from '../src/index.ts';

/** What a host says of its threads. */
export interface ThreadsReport {
  readonly isIsolated: boolean | undefined;
  readonly running: number;
  readonly obstacle: string | undefined;
  /** Whether every run gave the bits of one thread. */
  readonly isSame: boolean;
}

declare global {
  var tryThreads: (threads: number) => Promise<ThreadsReport>;
}

const [m, k, n] = [256, 64, 64];

/** Many runs of a product on several threads, beside those on one. */
globalThis.tryThreads = async (threads) => {
  const [x, y] = [
    array(
      new Float32Array(m * k).map((_, i) => Math.sin(i)),
      { shape: [m, k] },
    ),
    array(
      new Float32Array(k * n).map((_, i) => Math.cos(i)),
      { shape: [k, n] },
    ),
  ];
  const program = (a: Tensor, b: Tensor): Tensor => a.matmul(b).tanh();
  const [one, several] = [await wasm(), await wasm({ threads })];
  const expected = await (await compile(one, program)(x, y)).read();
  const product = compile(several, program);
  let isSame = true;
  for (let run = 0; run < 200; run++) {
    const result = await product(x, y);
    const { data } = await result.read();
    isSame &&= expected.data.every((value, i) => Object.is(value, data[i]));
    result.dispose();
  }
  const { running, obstacle } = several.threads;
  return { isIsolated: globalThis.crossOriginIsolated, running, obstacle, isSame };
};
