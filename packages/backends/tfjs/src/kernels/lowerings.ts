/** All lowerings, by primitive. */
import type { CompositePrimitive } from '@node-ode/core';
import type { BasicLowerings, CompositeLowerings, Lowering, PlainPrimitive } from './contract.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { matmul } from './matmul.ts';
import { movement } from './movement.ts';
import { reduction } from './reduction.ts';

const basic: Omit<BasicLowerings, 'conv2d'> = { ...elementwise, ...movement, ...indexing, ...reduction, ...matmul };

const composites: CompositeLowerings = {};

const lowerings: { readonly [P in PlainPrimitive]?: Lowering<P> } = { ...composites, ...basic };

/** The lowering of a primitive; undefined for a composite that is better decomposed. */
export const loweringOf = <P extends PlainPrimitive>(op: P): Lowering<P> | undefined => lowerings[op];

/** Composites that the engine lowers itself. */
export const nativeComposites = Object.keys(composites) as readonly CompositePrimitive[];
