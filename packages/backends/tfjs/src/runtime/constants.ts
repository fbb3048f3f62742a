/** Constants on the device: equal ones are one tensor, for as long as a segment uses it. */
import { ExecutionError, type HostArray } from '@node-ode/core';
import type { TfKernelBackend, TfTensorInfo } from './tf-module.ts';
import { write } from './value.ts';

/** A constant that a segment uses. */
export interface SharedConstant {
  readonly info: TfTensorInfo;
  release(): void;
}

export interface ConstantPool {
  take(array: HostArray): SharedConstant;
}

interface Entry {
  readonly info: TfTensorInfo;
  users: number;
}

/** Constants up to this many elements are compared with others. */
const mostCompared = 64;

export function constantPool(backend: TfKernelBackend): ConstantPool {
  const entries = new Map<string, Entry>();
  return {
    take: (array) => {
      const key = array.data.length > mostCompared ? undefined : keyOf(array);
      let entry = key === undefined ? undefined : entries.get(key);
      if (entry === undefined) {
        entry = { info: write(backend, 'compile', array), users: 0 };
        if (key !== undefined) entries.set(key, entry);
      }
      const held = entry;
      held.users++;
      return {
        info: held.info,
        release: () => {
          held.users--;
          if (held.users > 0) return;
          if (held.users < 0) throw new ExecutionError('dispose', 'a constant was released twice');
          if (key !== undefined) entries.delete(key);
          backend.disposeData(held.info.dataId);
        },
      };
    },
  };
}

/** Elements, their signs of zero included. */
const keyOf = ({ dtype, shape, data }: HostArray): string =>
  `${dtype}[${shape.join()}]${Array.from(data, (x) => (Object.is(x, -0) ? '-0' : String(x))).join()}`;
