/** Every scope of a program partitioned, and everything that the device has to be given to run it. */
import type { Value } from '@node-ode/core';
import { partition, type Part, type Segment } from './partition.ts';
import { place, type Placement } from './placement.ts';
import { scopesOf, type FlatProgram, type ScanStep, type Scope } from './scope.ts';
import { stackSegments, type StackSegments } from './stack.ts';

export interface Layout {
  readonly program: FlatProgram;
  readonly placement: Placement;
  readonly parts: ReadonlyMap<Scope, readonly Part[]>;
  /** For tensors that a scan stacks of elements on the device: what joins them. */
  readonly stacks: ReadonlyMap<Value, readonly StackSegments[]>;
  /** All segments of all scopes, in no order that matters. */
  readonly segments: readonly Segment[];
}

/** Lays a program out; `packs`: see `partition`. */
export function layOut(program: FlatProgram, packs: boolean): Layout {
  const placement = place(program);
  const parts = new Map<Scope, readonly Part[]>();
  const stacks = new Map<Value, readonly StackSegments[]>();
  const segments: Segment[] = [];
  const visit = (scope: Scope): void => {
    const cut = partition(scope, placement, packs);
    parts.set(scope, cut);
    for (const part of cut) {
      if (part.kind === 'segment') segments.push(part.segment);
      if (part.kind !== 'structural') continue;
      if (part.step.kind === 'scan') visitScan(part.step);
      scopesOf(part.step).forEach(visit);
    }
  };
  const visitScan = ({ length, carries, outputs, body }: ScanStep): void => {
    if (length === null) return;
    outputs.slice(carries.length).forEach((output, i) => {
      const element = body.results[carries.length + i]!;
      if (element.type.kind !== 'tensor' || placement.isOnHost(element)) return;
      const levels = stackSegments(element.type, length);
      stacks.set(output, levels);
      for (const { whole, rest } of levels) segments.push(...[whole, rest].filter((x) => x !== undefined));
    });
  };
  visit(program.main);
  return { program, placement, parts, stacks, segments };
}
