/** What an exported function takes: specs whose extents may be names, and the sizes at which such a function is traced. */
import {
  flattenTree,
  isHostArray,
  OptionError,
  ShapeError,
  type DType,
  type HostArray,
  type MapLeaves,
  type NodeOdeError,
  type SpecLeaf,
  type Tensor,
  type TreeStructure,
} from '@node-ode/core';
import type { Dim } from '../model/ir.ts';
import { show } from '../option-rules.ts';
import type { ExtentSource } from './extent-nodes.ts';
import { formatSizes, type Sizes } from './extents.ts';

/** The type of an argument; an extent that is a name is known only when the model runs, the same wherever it stands. */
export interface OnnxSpec {
  readonly shape: readonly Dim[];
  /** That of the export by default. */
  readonly dtype?: DType;
}

/** What stands for a tensor among the specs: its type, or an example. */
export type OnnxSpecLeaf = OnnxSpec | HostArray | number | boolean;

/** The specs of an argument that the exported function sees as `A`. */
export type OnnxSpecsOf<A> = MapLeaves<A, Tensor, OnnxSpecLeaf>;

/** Specs whose named extents are known. */
export interface NamedSpecs {
  readonly structure: TreeStructure;
  /** Named extents, each once, in the order in which they occur. */
  readonly extents: readonly string[];
  /** The first place of each, by the position of the argument's leaf. */
  readonly sources: readonly (Omit<ExtentSource, 'input'> & { readonly leaf: number })[];
  /** The specs with numbers for names; trees of them pass for leaves, as the types of the function are not known here. */
  at(sizes: Sizes): readonly SpecLeaf[];
}

const isLeaf = (x: unknown): x is OnnxSpecLeaf => {
  if (typeof x === 'number' || typeof x === 'boolean' || isHostArray(x)) return true;
  if (typeof x !== 'object' || x === null || !('shape' in x)) return false;
  return Array.isArray(x.shape) && x.shape.every((extent) => typeof extent !== 'object');
};

/** @throws TreeError for a leaf that is no spec; OptionError for a name that is none. */
export function readSpecs(specs: readonly unknown[]): NamedSpecs {
  const { leaves, structure } = flattenTree(
    'exportOnnx',
    specs,
    isLeaf,
    'a spec { shape, dtype? }, a host array or a number',
  );
  const sources = new Map<string, { readonly name: string; readonly leaf: number; readonly axis: number }>();
  leaves.forEach((spec, leaf) => {
    if (typeof spec !== 'object') return;
    spec.shape.forEach((name: Dim, axis) => {
      if (typeof name !== 'string') return;
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw new OptionError('exportOnnx', `the extent '${name}' of argument ${structure.paths[leaf] ?? ''}`, {
          expected: "a number, or a name of letters, digits and underscores such as 'batch'",
        });
      }
      if (!sources.has(name)) sources.set(name, { name, leaf, axis });
    });
  });
  const numbered = (spec: OnnxSpecLeaf, sizes: Sizes): SpecLeaf =>
    typeof spec !== 'object' || isHostArray(spec)
      ? spec
      : { ...spec, shape: spec.shape.map((extent) => (typeof extent === 'string' ? (sizes[extent] ?? NaN) : extent)) };
  return {
    structure,
    extents: [...sources.keys()],
    sources: [...sources.values()],
    at: (sizes) => structure.rebuild(leaves.map((spec) => numbered(spec, sizes))) as readonly SpecLeaf[],
  };
}

/** Three sizes of a named extent at which the function is traced, all different. */
export type TraceSizes = readonly [number, number, number];

/** Primes, so that no extent of a network is likely to be one by accident. */
const primes = [11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107];

/**
 * Sizes for every named extent: those that are given, and primes that nothing else is.
 *
 * @throws OptionError for sizes of an extent that nothing has, or that are not three different ones from 2 on.
 */
export function chooseSizes(
  extents: readonly string[],
  numbers: ReadonlySet<number>,
  given: Readonly<Record<string, TraceSizes>>,
): Readonly<Record<string, TraceSizes>> {
  for (const [name, sizes] of Object.entries(given)) {
    if (!extents.includes(name)) {
      throw new OptionError('exportOnnx', `sizes for '${name}'`, {
        expected: extents.length === 0 ? 'named extents in the specs' : `sizes for ${extents.join(', ')}`,
      });
    }
    const isRight = Array.isArray(sizes) && sizes.every((size) => Number.isInteger(size) && size >= 2);
    if (!isRight || sizes.length !== 3 || new Set<number>(sizes).size !== 3) {
      const shown = Array.isArray(sizes) ? `[${sizes.join(', ')}]` : show(sizes);
      throw new OptionError('exportOnnx', `sizes.${name} = ${shown}`, {
        expected: 'three different sizes from 2 on',
        advice: 'An extent of 1 would broadcast, so that nothing could be told from it.',
      });
    }
  }
  const taken = new Set([...numbers, ...Object.values(given).flat()]);
  const free = primes.filter((prime) => !taken.has(prime));
  return Object.fromEntries(
    extents.map((name) => {
      const sizes = given[name];
      if (sizes !== undefined) return [name, sizes];
      const [first, second, third] = free.splice(0, 3);
      if (first !== undefined && second !== undefined && third !== undefined) return [name, [first, second, third]];
      throw new OptionError('exportOnnx', `${extents.length} named extents`, {
        expected: 'at most eight that are different in every argument',
        advice: 'Give the same name to extents that are always equal.',
      });
    }),
  );
}

/** The extents of the specs that are numbers. */
export const numbersOf = (specs: readonly unknown[]): ReadonlySet<number> =>
  new Set(
    flattenTree('exportOnnx', specs, isLeaf).leaves.flatMap((spec) =>
      typeof spec === 'object' ? (spec.shape as readonly Dim[]).filter((extent) => typeof extent === 'number') : [],
    ),
  );

/**
 * The value of `trace`.
 *
 * @throws OptionError if it fails and the function wants more arguments than there are; ShapeError saying at which sizes the
 * function could not be traced, and why.
 */
export function tracedAt<T>(
  sizes: Sizes,
  { arity, specs, extents }: { readonly arity: number; readonly specs: number; readonly extents: readonly string[] },
  trace: () => T,
): T {
  try {
    return trace();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause);
    if (arity > specs) {
      throw new OptionError('exportOnnx', `the function takes ${arity} arguments, and the specs are ${specs}: ${why}`, {
        expected: 'one spec for each argument',
        advice: 'Add { shape: […] } for each argument that is missing.',
        cause,
      });
    }
    const { code, operation } = cause as Partial<NodeOdeError>;
    if (extents.length === 0 || code !== 'SHAPE' || operation === 'exportOnnx') throw cause;
    throw new ShapeError('exportOnnx', `with ${formatSizes(sizes)}: ${why}`, {
      advice:
        'A named extent must be free: where the function takes only some sizes, give three of them in `sizes`, or a number in the spec.',
      cause,
    });
  }
}
