/** What an engine must refuse, with a typed error, instead of giving a wrong number. */
import {
  array,
  hostArray,
  tensorType,
  value,
  type Backend,
  type DeviceArray,
  type DType,
  type Graph,
  type HostArray,
  type Node,
} from '@node-ode/core';
import { demand } from '../support/check.ts';
import { demandSameArray } from '../support/numbers.ts';
import { squarePlus } from './small-graphs.ts';

/** A check of one kind of bad input. */
interface Refusal {
  readonly name: string;
  readonly run: (backend: Backend, dtypes: readonly DType[]) => Promise<void>;
}

/** @throws ConformanceError unless `attempt` fails with one of these codes. */
export async function demandRefusal(
  subject: string,
  codes: readonly string[],
  attempt: () => Promise<unknown>,
): Promise<void> {
  const expected = `a typed error with code ${codes.join(' or ')}`;
  let error: unknown;
  try {
    await attempt();
  } catch (caught) {
    error = caught;
  }
  demand(error !== undefined, subject, 'it was accepted', { expected });
  const code = (error as { readonly code?: unknown }).code;
  demand(codes.includes(String(code)), subject, `it failed with ${String(error)}`, {
    expected,
    advice: 'Throw the errors of @node-ode/core.',
  });
}

const f32 = (...values: number[]): HostArray => array(values, { dtype: 'f32' });

const refusesInputs = async (backend: Backend): Promise<void> => {
  const executable = await backend.compile(squarePlus(3));
  const x = await backend.upload(f32(1, 2, 3));
  const wrong: readonly (readonly [string, readonly string[], readonly DeviceArray[]])[] = [
    ['run with no input', ['SHAPE', 'EXECUTION'], []],
    ['run with an input too many', ['SHAPE', 'EXECUTION'], [x, x]],
    ['run with an input of another shape', ['SHAPE'], [await backend.upload(f32(1, 2))]],
    [
      'run with an input of as many elements in another shape',
      ['SHAPE'],
      [await backend.upload(array([1, 2, 3], { shape: [3, 1], dtype: 'f32' }))],
    ],
    ['run with an input of another dtype', ['DTYPE'], [await backend.upload(array([1, 2, 3], { dtype: 'i32' }))]],
  ];
  for (const [subject, codes, inputs] of wrong) await demandRefusal(subject, codes, () => executable.run(inputs));
  const [y] = await executable.run([x]);
  demandSameArray('a run after refused ones', await (y as DeviceArray).read(), f32(2, 6, 12), { rtol: 0, atol: 0 });
};

const refusesDead = async (backend: Backend): Promise<void> => {
  const executable = await backend.compile(squarePlus(3));
  const x = await backend.upload(f32(1, 2, 3));
  x.dispose();
  await demandRefusal('run on a disposed array', ['EXECUTION'], () => executable.run([x]));
  await demandRefusal('read of a disposed array', ['EXECUTION'], () => x.read());
  const alive = await backend.upload(f32(1, 2, 3));
  await demandRefusal('run on an array of another backend', ['EXECUTION'], () =>
    executable.run([{ ...alive, backend: 'another' }]),
  );
  executable.dispose();
  await demandRefusal('run of a disposed executable', ['EXECUTION'], () => executable.run([alive]));
};

const refusesUploads = async (backend: Backend): Promise<void> => {
  await demandRefusal('upload of elements that do not fill the shape', ['SHAPE'], () =>
    backend.upload(hostArray(Float32Array.of(1, 2), [3], 'f32')),
  );
  await demandRefusal('upload of a typed array of another dtype', ['DTYPE'], () =>
    backend.upload(hostArray(Float64Array.of(1), [1], 'f32')),
  );
};

const refusesGraphs = async (backend: Backend, dtypes: readonly DType[]): Promise<void> => {
  const [x, y] = [value(tensorType([2], 'f32')), value(tensorType([2], 'f32'))];
  const unknown = { op: 'stopGradient', inputs: [x], params: {}, outputs: [y] } satisfies Node;
  const graph: Graph = { name: 'unknown', inputs: [x], nodes: [unknown], outputs: [y] };
  await demandRefusal('compile of a primitive that never reaches a backend', ['UNSUPPORTED', 'TRACE'], () =>
    backend.compile(graph),
  );
  for (const dtype of (['f64', 'i32', 'bool'] as const).filter(
    (candidate) => !dtypes.includes(candidate) && !backend.capabilities.dtypes.includes(candidate),
  )) {
    const input = value(tensorType([2], dtype));
    await demandRefusal(`compile of a graph with ${dtype}`, ['UNSUPPORTED', 'DTYPE'], () =>
      backend.compile({ name: 'foreign', inputs: [input], nodes: [], outputs: [input] }),
    );
  }
};

/** A run that fails leaves everything as it was; one that can't fail gives NaN. */
const refusesIndices = async (backend: Backend): Promise<void> => {
  const [x, i, y] = [value(tensorType([3], 'f32')), value(tensorType([2], 'i32')), value(tensorType([2], 'f32'))];
  const graph: Graph = {
    name: 'gather',
    inputs: [x, i],
    nodes: [{ op: 'gather', inputs: [x, i], params: { axis: 0 }, outputs: [y] }],
    outputs: [y],
  };
  const executable = await backend.compile(graph);
  const elements = await backend.upload(f32(1, 2, 3));
  const at = (...indices: number[]): Promise<DeviceArray> => backend.upload(array(indices, { dtype: 'i32' }));
  for (const index of [3, -1, 1_000_000]) {
    const indices = await at(1, index);
    const outcome = await executable.run([elements, indices], { donate: [1] }).then(
      async ([result]) => Array.from((await (result as DeviceArray).read()).data),
      (error: unknown) => String((error as { readonly code?: unknown }).code),
    );
    const isNaNThere = Array.isArray(outcome) && outcome[0] === 2 && Number.isNaN(outcome[1]);
    demand(
      outcome === 'EXECUTION' || isNaNThere,
      `gather at index ${index} of 3`,
      Array.isArray(outcome) ? `it gave ${String(outcome[1])}` : `it failed with code ${outcome}`,
      {
        expected: 'an ExecutionError, or NaN where the engine can raise none; never the value of a neighbour',
      },
    );
    if (outcome === 'EXECUTION')
      demandSameArray(
        'an input donated to a run that failed',
        await indices.read(),
        array([1, index], { dtype: 'i32' }),
        { rtol: 0, atol: 0 },
      );
  }
  const [after] = await executable.run([elements, await at(2, 0)]);
  demandSameArray('a run after one that failed', await (after as DeviceArray).read(), f32(3, 1), { rtol: 0, atol: 0 });
};

const refusesToStart = async (backend: Backend): Promise<void> => {
  const executable = await backend.compile(squarePlus(1));
  const x = await backend.upload(f32(1));
  const aborted = AbortSignal.abort(new Error('stop'));
  const started = await executable.run([x], { signal: aborted }).then(
    () => true,
    () => false,
  );
  demand(!started, 'run with a signal that is aborted', 'it ran', { expected: "a rejection with the signal's reason" });
  const [y] = await executable.run([x]);
  demandSameArray('a run after an aborted one', await (y as DeviceArray).read(), f32(2), { rtol: 0, atol: 0 });
};

export const refusals: readonly Refusal[] = [
  { name: 'refuses inputs of another number, shape or dtype', run: refusesInputs },
  { name: 'refuses arrays and executables that were disposed, and foreign arrays', run: refusesDead },
  { name: 'refuses host arrays that contradict themselves', run: refusesUploads },
  { name: 'refuses graphs that it can not run', run: refusesGraphs },
  { name: 'never gathers a neighbour: an index out of range is an error or NaN', run: refusesIndices },
  { name: 'does not start when it was aborted', run: refusesToStart },
];
