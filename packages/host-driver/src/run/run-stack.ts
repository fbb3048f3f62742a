/** Making one tensor of the elements that a loop has left. */
import { allocate, sizeOf } from '@node-ode/core';
import type { DeviceValue } from '../device.ts';
import type { Frame } from './frame.ts';
import type { Join, StackInstruction, StackLevel } from './instructions.ts';
import { dataOf, type Entry, type Held, type Slot, type Tape } from './registers.ts';
import type { Pending } from './run.ts';

/** Stacks a list: on the host where its elements are there, otherwise on the device, level by level. */
export function runStack<V extends DeviceValue>(instruction: StackInstruction<V>, frame: Frame<V>): Pending {
  const { list, element, result } = instruction;
  if (element.register.bank === 'resource') return joinAll(instruction, frame);
  const { entries } = frame.resources[list] as Tape<V>;
  frame.put(result, stackOnHost(entries, element, result), true);
  frame.clear(list);
  return undefined;
}

function stackOnHost<V extends DeviceValue>(entries: readonly Entry<V>[], element: Slot, result: Slot): Entry<V> {
  const size = sizeOf(element.type.shape);
  const data = allocate(result.type.dtype, size * entries.length);
  entries.forEach((entry, i) => {
    data.set(dataOf(entry, element.type), i * size);
  });
  return data.length === 1 ? data[0] : data;
}

async function joinAll<V extends DeviceValue>(
  { list, result, levels }: StackInstruction<V>,
  frame: Frame<V>,
): Promise<void> {
  const { entries } = frame.resources[list] as Tape<V>;
  for (const level of levels) await joinLevel(entries, level, frame);
  frame.put(result, entries.pop(), true);
  frame.clear(list);
}

/** Joins neighbours in a list, which has fewer and larger entries then. */
async function joinLevel<V extends DeviceValue>(
  entries: Entry<V>[],
  { width, whole, rest }: StackLevel<V>,
  frame: Frame<V>,
): Promise<void> {
  const groups = Math.ceil(entries.length / width);
  for (let g = 0; g < groups; g++) {
    const start = g * width;
    const members = entries.slice(start, start + width) as Held<V>[];
    const { segment, bytes } = (g === groups - 1 ? (rest ?? whole) : whole) as Join<V>;
    const [joined] = await segment.run(members.map(({ value }) => value));
    entries.fill(undefined, start, start + width);
    for (const member of members) frame.release(member);
    entries[g] = frame.hold(joined as V, bytes);
  }
  entries.length = groups;
}
