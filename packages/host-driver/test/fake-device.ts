/**
 * A device that computes segments with the reference engine: its values are counted, and refused once they were disposed of.
 * A backend of programs driven from the host, on it. The engine's parts are taken one by one, as its uploads are promises.
 */
import type { DeviceArray, Graph, HostArray, TensorData } from '@node-ode/core';
import { nativeComposites } from '../../backends/reference/src/composites.ts';
import { bufferArrays, copyToDevice } from '../../backends/reference/src/device-array.ts';
import { executable } from '../../backends/reference/src/executable.ts';
import { Memory } from '../../backends/reference/src/memory.ts';
import {
  deviceBackend,
  HostResult,
  hostProgram,
  type Device,
  type DeviceBackend,
  type DeviceValue,
  type Program,
  type Segment,
} from '../src/index.ts';

/** A value of the device. */
export interface FakeValue extends DeviceValue {
  /** What it holds; only the device looks at it. */
  array: DeviceArray;
}

/** What happened on the device. */
export interface DeviceLog {
  /** Segments that were run. */
  runs: number;
  /** Values on the device that were not disposed of. */
  live: number;
  /** The most there were. */
  mostLive: number;
  /** Results of segments that the host wanted. */
  fetched: number;
  /** Values that were read by themselves. */
  reads: number;
  /** Values that came from the host. */
  uploads: number;
  /** Values whose elements were put in the place of others. */
  overwritten: number;
  /** Segments that are loaded. */
  loaded: number;
}

export interface FakeDevice extends Device<FakeValue> {
  readonly log: DeviceLog;
  /** Called before everything that the device does: runs, uploads, reads, loads. May throw. */
  before: (act: Act) => void;
  /** Plans a graph for the device. */
  compile(graph: Graph): Promise<Program<FakeValue>>;
}

/** What a device does. */
export type Act = 'run' | 'upload' | 'read' | 'load';

export interface FakeDeviceOptions {
  /** Whether its segments and reads are promises; they are by default. */
  readonly waits?: boolean;
  /** Whether it puts elements in the place of others; it does not by default. */
  readonly overwrites?: boolean;
}

export function fakeDevice({ waits = true, overwrites = false }: FakeDeviceOptions = {}): FakeDevice {
  const memory = new Memory(true);
  const arrays = bufferArrays('fake', memory);
  const log: DeviceLog = { runs: 0, live: 0, mostLive: 0, fetched: 0, reads: 0, uploads: 0, overwritten: 0, loaded: 0 };
  const make = (array: DeviceArray): FakeValue => {
    let isAlive = true;
    log.live++;
    log.mostLive = Math.max(log.mostLive, log.live);
    const value: FakeValue = {
      array,
      dispose: () => {
        if (!isAlive) throw new Error('a value was disposed of twice');
        isAlive = false;
        log.live--;
        value.array.dispose();
      },
    };
    return value;
  };
  const copyOf = (array: HostArray): DeviceArray =>
    arrays.make(copyToDevice(memory, array), [...array.shape], array.dtype);
  const overwrite = (value: FakeValue, array: HostArray): boolean => {
    device.before('upload');
    log.overwritten++;
    value.array.dispose();
    value.array = copyOf(array);
    return true;
  };
  /** Refuses what was disposed of. */
  const elementsOf = ({ array }: FakeValue): TensorData => arrays.ownedBy('read', array).data.slice();
  const answer = <T>(of: () => T): T | Promise<T> => (waits ? Promise.resolve().then(of) : of());

  const load = ({ graph, results }: Segment) => {
    device.before('load');
    const compiled = executable(graph, memory, arrays);
    log.loaded++;
    const run = (operands: readonly FakeValue[]): readonly (FakeValue | TensorData)[] => {
      const outputs = compiled.runSync!(operands.map(({ array }) => array));
      return outputs.map((array, i) => {
        const value = make(array);
        if (!results[i]!.isHost) return value;
        log.fetched++;
        const data = elementsOf(value);
        value.dispose();
        return data;
      });
    };
    return {
      run: (operands: readonly FakeValue[]) =>
        answer(() => {
          device.before('run');
          log.runs++;
          return run(operands);
        }),
      release: () => {
        log.loaded--;
        compiled.dispose();
      },
    };
  };

  const device: FakeDevice = {
    name: 'fake',
    fetchesWait: waits,
    log,
    load,
    toValue: (array) => {
      device.before('upload');
      log.uploads++;
      return make(copyOf(array));
    },
    ...(overwrites ? { overwrite } : {}),
    toHost: (value) =>
      answer(() => {
        device.before('read');
        log.reads++;
        return elementsOf(value);
      }),
    before: () => undefined,
    compile: (graph) => hostProgram(graph, device),
  };
  return device;
}

/** Disposes of results that are on a device, each once; not of those that were given. */
export function free(results: Iterable<FakeValue | HostResult<FakeValue>>, given: readonly FakeValue[] = []): void {
  for (const result of new Set(results)) {
    if (!(result instanceof HostResult) && !given.includes(result)) result.dispose();
  }
}

/** A backend whose programs are driven from the host on a fake device. */
export function fakeBackend(device: FakeDevice = fakeDevice()): DeviceBackend {
  return deviceBackend({
    name: 'host-driven',
    // Those of the engine that computes the segments.
    capabilities: { dtypes: ['f32', 'f64', 'i32', 'bool'], composites: nativeComposites },
    compileProgram: (graph) => hostProgram(graph, device),
    toDevice: (array) => device.toValue(array),
    toHost: (value, type) => device.toHost(value, type),
  });
}
