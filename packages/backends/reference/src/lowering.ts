/** The table of lowerings: total over what a lowered graph may hold, so that a missing primitive is a compile error. */
import { UnsupportedError, type BasicPrimitive, type Node, type StructuralPrimitive } from '@node-ode/core';
import { allFinite, errorNorm, linearCombination, type nativeComposites } from './composites.ts';
import { call, cond, scan, whileLoop } from './control.ts';
import { conv2d } from './conv2d.ts';
import { binaryLowerings, logicLowerings, unaryLowerings } from './elementwise.ts';
import { linearSolve } from './linear-solve.ts';
import { matmul } from './matmul.ts';
import { movementLowerings } from './movement.ts';
import { reduceLowerings } from './reduce.ts';
import type { Lowering, Site, Step } from './site.ts';

type Native = BasicPrimitive | StructuralPrimitive | (typeof nativeComposites)[number];

const lowerings: { readonly [P in Native]: Lowering<P> } = {
  ...unaryLowerings,
  ...binaryLowerings,
  ...logicLowerings,
  ...movementLowerings,
  ...reduceLowerings,
  matmul,
  conv2d,
  linearCombination,
  errorNorm,
  allFinite,
  linearSolve,
  call,
  cond,
  whileLoop,
  scan,
};

/**
 * The step of a node.
 *
 * @throws UnsupportedError for a composite that should have been decomposed, and for what `lower` removes.
 */
export function lower(node: Node, site: Site): Step {
  const table: { readonly [op: string]: unknown } = lowerings;
  const lowering = table[node.op] as Lowering<Node['op']> | undefined;
  if (lowering !== undefined) return lowering(node as never, site);
  throw new UnsupportedError('compile', `the reference engine has no primitive '${node.op}'`, {
    expected: 'a lowered graph: composites decomposed, customVjp and stopGradient removed',
    advice: "Compile through core's compile, which lowers the graph for the backend's capabilities.",
  });
}
