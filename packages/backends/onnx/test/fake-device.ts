/**
 * A device that computes segments with the reference engine: its values are counted, can't be read while they are on it,
 * and are refused once they were disposed of. A backend of programs driven from the host, on it.
 */
import { reference } from '@node-ode/backend-reference';
import {
  hostArray,
  interfaceOf,
  sizeOf,
  type Backend,
  type DeviceArray,
  type Graph,
  type HostArray,
  type TensorType,
} from '@node-ode/core';
import { programOf } from '../src/host/program.ts';
import type { OrtValue, Program, Runtime } from '../src/runtime/contract.ts';
import { deviceArrays, shareOf } from '../src/runtime/device-array.ts';
import { executable, type ProgramOwner } from '../src/runtime/executable.ts';

/** A value of the device. */
interface FakeValue extends OrtValue {
  /** What it holds; only the device looks at it. */
  readonly array: HostArray;
}

/** What happened on the device. */
export interface DeviceLog {
  /** Segments that were run. */
  runs: number;
  /** Values on the device that were not disposed of. */
  live: number;
  /** The most there were. */
  mostLive: number;
  /** Results that were fetched by the host. */
  fetched: number;
}

export interface FakeDevice {
  readonly runtime: Pick<Runtime, 'toValue' | 'toHost'>;
  readonly log: DeviceLog;
  /** Plans a graph for the device; `beforeRun` is called before each segment. */
  compile(graph: Graph, beforeRun?: () => void): Promise<Program>;
}

export function fakeDevice(): FakeDevice {
  const engine = reference();
  const log: DeviceLog = { runs: 0, live: 0, mostLive: 0, fetched: 0 };
  const values = new WeakSet<OrtValue>();
  const make = (array: HostArray, location: 'cpu' | 'gpu-buffer'): FakeValue => {
    let isAlive = true;
    log.live++;
    log.mostLive = Math.max(log.mostLive, log.live);
    const demandAlive = (): void => {
      if (!isAlive) throw new Error('a value was used after it was disposed of');
    };
    const value: FakeValue = {
      type: array.dtype,
      dims: array.shape,
      location,
      get data() {
        demandAlive();
        if (location !== 'cpu') throw new Error('a value on the device was read');
        return array.data;
      },
      get array() {
        demandAlive();
        return array;
      },
      dispose: () => {
        demandAlive();
        isAlive = false;
        log.live--;
      },
    };
    values.add(value);
    return value;
  };
  const arrayIn = (value: OrtValue): HostArray => {
    if (!values.has(value)) throw new Error('a value of another device');
    return (value as FakeValue).array;
  };
  const copy = ({ data, shape, dtype }: HostArray): HostArray => hostArray(data.slice(), [...shape], dtype);

  const load = async (graph: Graph, hostOutputs: readonly boolean[], beforeRun: () => void) => {
    const segment = await engine.compile(graph);
    const types = interfaceOf(graph);
    return {
      run: async (operands: readonly OrtValue[]): Promise<readonly OrtValue[]> => {
        beforeRun();
        log.runs++;
        const given = operands.map(arrayIn);
        given.forEach(({ shape, data, dtype }, i) => {
          const type = types.inputs[i] as TensorType;
          const isRight = shape.join() === type.shape.join() && dtype === type.dtype && data.length === sizeOf(shape);
          if (!isRight)
            throw new Error(`operand ${i}: ${dtype}[${shape.join()}] instead of ${type.dtype}[${type.shape.join()}]`);
        });
        const inputs = await Promise.all(given.map((array) => engine.upload(array)));
        const outputs = await segment.run(inputs);
        const results = await Promise.all(outputs.map((output) => output.read()));
        for (const array of [...inputs, ...outputs]) array.dispose();
        log.fetched += hostOutputs.filter((isHost) => isHost).length;
        return results.map((array, i) => make(array, hostOutputs[i] === true ? 'cpu' : 'gpu-buffer'));
      },
      release: () => {
        segment.dispose();
        return Promise.resolve();
      },
    };
  };

  const runtime: FakeDevice['runtime'] = {
    toValue: (array) => make(copy(array), 'cpu'),
    toHost: (value) => Promise.resolve(copy(arrayIn(value))),
  };
  return {
    runtime,
    log,
    compile: (graph, beforeRun = () => undefined) =>
      programOf(graph, runtime, {
        provider: 'fake',
        load: ({ graph: segment, results }) =>
          load(
            segment,
            results.map(({ isHost }) => isHost),
            beforeRun,
          ),
      }),
  };
}

/** A backend whose programs are driven from the host on a fake device. */
export function fakeBackend(device: FakeDevice = fakeDevice()): Backend {
  const name = 'host-driven';
  const arrays = deviceArrays({ name, demandOpen: () => undefined, toHost: device.runtime.toHost });
  const host = {
    arrays,
    demandOpen: () => undefined,
    track: <T>(work: Promise<T>): Promise<T> => work,
    forgotten: new FinalizationRegistry<ProgramOwner>(() => undefined),
  };
  return {
    name,
    // Those of the engine that computes the segments.
    capabilities: reference().capabilities,
    compile: async (graph) => executable(graph, interfaceOf(graph), await device.compile(graph), host),
    upload: (array) => {
      const type: TensorType = { kind: 'tensor', shape: [...array.shape], dtype: array.dtype };
      return Promise.resolve(arrays.make(shareOf(device.runtime.toValue(array)), type));
    },
    download: (array: DeviceArray) => arrays.download('download', array),
    dispose: () => Promise.resolve(),
  };
}
