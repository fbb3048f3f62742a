/** A segment of a graph as a flat list of kernel calls. */
import type { Segment } from '@node-ode/host-driver';
import type { TensorType } from '@node-ode/core';
import { Builder, type Target } from './builder.ts';
import type { SegmentProgram } from './program.ts';

/**
 * Lowers a segment.
 *
 * @throws UnsupportedError naming a primitive, and the kernel or the dtype that the backend does not have for it.
 */
export function lowerSegment({ graph, results }: Segment, target: Target): SegmentProgram {
  const builder = new Builder(target);
  const operands = graph.inputs.map(({ type }) => builder.operand(type as TensorType));
  const outputs = builder.graph(graph, operands);
  return {
    operands: operands.length,
    registers: builder.registers,
    constants: builder.constants,
    calls: builder.calls,
    results: outputs.map(({ index, shape, dtype }, i) => ({
      register: index,
      shape,
      dtype,
      isHost: results[i]!.isHost,
    })),
  };
}
