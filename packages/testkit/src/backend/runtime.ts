/** An engine around its graphs: arrays in and out, state kept between runs, donation, typed errors, disposal. */
import {
  array,
  tensorType,
  value,
  type Backend,
  type DeviceArray,
  type DType,
  type HostArray,
  type Node,
} from '@node-ode/core';
import { check, ConformanceError, demand, type Check } from '../support/check.ts';
import { demandSameArray } from '../support/numbers.ts';
import { refusals } from './refusals.ts';
import { accumulate, squarePlus } from './small-graphs.ts';
import type { BackendSubject } from './subject.ts';

export function runtimeChecks(subject: BackendSubject): readonly Check[] {
  const on = (name: string, run: (backend: Backend, dtypes: readonly DType[]) => Promise<void>): Check =>
    check(name, async () => {
      const backend = await subject.shared();
      await run(backend, subject.dtypes(backend));
    });
  return [
    on('says what it is', describesItself),
    on('gives back what it was given, bit for bit', roundTrips),
    on('copies what it is given and what it gives', copies),
    on('leaves its inputs as they were', isPure),
    on('keeps state on the device from run to run', keepsState),
    on('keeps runs apart that overlap', overlaps),
    on('takes donated inputs', takesDonations),
    on('counts the executions of a call, if it counts', countsCalls),
    on('runs alike without a promise, if it can', runsSync),
    ...refusals.map(({ name, run }) => on(name, run)),
    check('refuses everything after it was disposed', () => isDisposed(subject)),
  ];
}

const near = { rtol: 0, atol: 0 };
const bits = { rtol: 0, atol: 0, signedZero: true };

const f32 = (...values: number[]): HostArray => array(values, { dtype: 'f32' });

async function describesItself({ name, capabilities }: Backend): Promise<void> {
  demand(name !== '', 'backend', 'its name is empty', { expected: 'the name of the engine' });
  for (const dtype of ['f32', 'i32', 'bool'] as const) {
    demand(capabilities.dtypes.includes(dtype), name, `dtypes are ${capabilities.dtypes.join(', ')}`, {
      expected: `${dtype} among them: loops count in i32 and branch on bool`,
    });
  }
  return Promise.resolve();
}

async function roundTrips(backend: Backend, dtypes: readonly DType[]): Promise<void> {
  const values: Readonly<Record<DType, readonly number[]>> = {
    f32: [0, -0, 1.5, -1e-30, 3e38, NaN, Infinity, -Infinity],
    f64: [0, -0, 0.1, 1e-300, -1e300, NaN, Infinity, -Infinity],
    i32: [0, 1, -1, 7, 2147483647, -2147483648, 65536, 3],
    bool: [0, 1, 1, 0, 0, 0, 1, 1],
  };
  for (const dtype of dtypes) {
    const full = values[dtype];
    for (const [shape, data] of [
      [[8], full],
      [[2, 2, 2], full],
      [[], full.slice(2, 3)],
      [[0, 3], []],
    ] as const) {
      const given = array(data, { shape, dtype });
      const device = await backend.upload(given);
      const subject = `upload and read ${dtype}[${shape.join(', ')}]`;
      demand(
        device.dtype === dtype && device.backend === backend.name && device.shape.join() === shape.join(),
        subject,
        `the device array is ${device.dtype}[${device.shape.join(', ')}] of '${device.backend}'`,
        {
          expected: `${dtype}[${shape.join(', ')}] of '${backend.name}'`,
        },
      );
      demandSameArray(subject, await device.read(), given, bits);
      demandSameArray(`download ${dtype}[${shape.join(', ')}]`, await backend.download(device), given, bits);
      device.dispose();
    }
  }
}

async function copies(backend: Backend): Promise<void> {
  const given = f32(1, 2, 3);
  const device = await backend.upload(given);
  given.data[0] = 99;
  const first = await device.read();
  demandSameArray('upload: the host array was changed afterwards', first, f32(1, 2, 3), near);
  first.data[1] = 99;
  demandSameArray('read: what an earlier read gave was changed', await device.read(), f32(1, 2, 3), near);
  device.dispose();
  device.dispose();
}

async function isPure(backend: Backend): Promise<void> {
  const executable = await backend.compile(squarePlus(3));
  const x = await backend.upload(f32(1, -2, 3));
  const first = (await executable.run([x]))[0] as DeviceArray;
  const second = (await executable.run([x]))[0] as DeviceArray;
  demandSameArray('an input after two runs', await x.read(), f32(1, -2, 3), near);
  demandSameArray('the second run', await second.read(), f32(2, 2, 12), near);
  demandSameArray('the result of the first run, after the second', await first.read(), f32(2, 2, 12), near);
  const both = await backend.compile(accumulate(3));
  const [sum, before] = (await both.run([x, x])) as [DeviceArray, DeviceArray];
  demandSameArray('one array as two inputs', await sum.read(), f32(2, -4, 6), near);
  x.dispose();
  demandSameArray('an input that was a result, after the input was disposed', await before.read(), f32(1, -2, 3), near);
}

async function keepsState(backend: Backend): Promise<void> {
  const executable = await backend.compile(accumulate(2));
  const x = await backend.upload(f32(1, 0.5));
  const start = await backend.upload(f32(0, 10));
  const kept: DeviceArray[] = [];
  let state = start;
  for (let i = 0; i < 20; i++) {
    const [next, before] = (await executable.run([state, x])) as [DeviceArray, DeviceArray];
    kept.push(before);
    state = next;
  }
  demandSameArray('the state after 20 runs', await state.read(), f32(20, 20), near);
  for (const [i, before] of kept.entries())
    demandSameArray(`the state before run ${i + 1}`, await before.read(), f32(i, 10 + i / 2), near);
}

async function overlaps(backend: Backend): Promise<void> {
  const [square, sum] = await Promise.all([backend.compile(squarePlus(2)), backend.compile(accumulate(2))]);
  const results = await Promise.all(
    [1, 2, 3, 4].map(async (n) => {
      const x = await backend.upload(f32(n, -n));
      const [[y], [z]] = await Promise.all([square.run([x]), sum.run([x, x])]);
      return { n, y: await (y as DeviceArray).read(), z: await (z as DeviceArray).read() };
    }),
  );
  for (const { n, y, z } of results) {
    demandSameArray(`run ${n} of four at once`, y, f32(n + n * n, n * n - n), near);
    demandSameArray(`run ${n} of four at once, another executable`, z, f32(2 * n, -2 * n), near);
  }
}

async function takesDonations(backend: Backend): Promise<void> {
  const executable = await backend.compile(accumulate(2));
  let state = await backend.upload(f32(0, 1));
  const x = await backend.upload(f32(1, 2));
  for (let i = 0; i < 5; i++) {
    const donated = state;
    const [next, before] = (await executable.run([donated, x], { donate: [0] })) as [DeviceArray, DeviceArray];
    demandSameArray(`the state before donated run ${i + 1}, as a result`, await before.read(), f32(i, 1 + 2 * i), near);
    state = next;
    const isUsable = await donated.read().then(
      () => true,
      () => false,
    );
    demand(!isUsable, 'a donated array', 'it can still be read', {
      expected: 'an error: its memory belongs to the run',
    });
  }
  demandSameArray('the state after five donated runs', await state.read(), f32(5, 11), near);
  demandSameArray('an input beside donated ones', await x.read(), f32(1, 2), near);
}

async function countsCalls(backend: Backend): Promise<void> {
  const inner = squarePlus(2);
  const values = Array.from({ length: 4 }, () => value(tensorType([2], 'f32')));
  const nodes = [0, 1, 2].map((i): Node => ({
    op: 'call',
    inputs: [values[i]!],
    params: { graph: inner },
    outputs: [values[i + 1]!],
  }));
  const executable = await backend.compile({ name: 'main', inputs: [values[0]!], nodes, outputs: [values[3]!] });
  const x = await backend.upload(f32(0, 1));
  for (let run = 1; run <= 2; run++) {
    await executable.run([x]);
    const counters = executable.counters?.();
    if (counters === undefined) return;
    const counted = counters.calls['squarePlus'];
    demand(counted === 3, `counters().calls after run ${run}`, `'squarePlus' has ${counted} executions`, {
      expected: '3: of the last run alone',
    });
    demand(counters.peakBytes >= 8, `counters().peakBytes after run ${run}`, `${counters.peakBytes}`, {
      expected: 'at least the 8 bytes of the input',
    });
  }
}

async function runsSync(backend: Backend): Promise<void> {
  const executable = await backend.compile(squarePlus(3));
  if (executable.runSync === undefined) return;
  const x = await backend.upload(f32(1, -2, 3));
  const [now] = executable.runSync([x]);
  const [later] = await executable.run([x]);
  demandSameArray('runSync', await (now as DeviceArray).read(), await (later as DeviceArray).read(), near);
}

async function isDisposed({ make }: BackendSubject): Promise<void> {
  const backend = await make();
  const executable = await backend.compile(squarePlus(1));
  executable.dispose();
  executable.dispose();
  await backend.dispose();
  const refused = await backend.upload(f32(1)).then(
    () => false,
    () => true,
  );
  if (!refused)
    throw new ConformanceError('dispose', 'the backend still takes arrays', {
      expected: 'an error that says it was disposed',
    });
}
