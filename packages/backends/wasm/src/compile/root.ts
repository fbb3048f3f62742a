/** Where the elements of a tensor are: memory that variables share. */
import { elementBytes } from './types.ts';
import { viewOf, type Variable } from './variable.ts';

/** Memory for the elements of one tensor at a time. */
export interface Root {
  readonly bytes: number;
  readonly home:
    | { readonly kind: 'frame' }
    /** Among the program's constants. */
    | { readonly kind: 'data' }
    /** Where operand `index` of the function is. */
    | { readonly kind: 'input'; readonly index: number }
    /** Where the caller wants result `index`. */
    | { readonly kind: 'destination'; readonly index: number }
    /** One of several places: which one is known when the function runs. */
    | { readonly kind: 'dynamic'; readonly among: readonly Root[] };
  /** Whether the function may write to it. */
  readonly isWritable: boolean;
  /** First and last position at which it is in use. */
  start: number;
  end: number;
  /** Offset in the function's frame, or of a constant in the arena. */
  offset: number;
}

export function newRoot(bytes: number, home: Root['home'], isWritable = true): Root {
  return { bytes, home, isWritable, start: Infinity, end: -Infinity, offset: -1 };
}

/** Every root that this one may be. */
export function placesOf(root: Root): readonly Root[] {
  return root.home.kind === 'dynamic' ? root.home.among.flatMap(placesOf) : [root];
}

/** The root of a variable's elements; views have that of what they show. */
export const rootOf = (variable: Variable): Root | undefined => viewOf(variable).of.root;

/** Bytes from the start of its root to a variable's first element. */
export function byteOffset(variable: Variable): number {
  return variable.type.kind === 'tensor' ? viewOf(variable).offset * elementBytes(variable.dtype) : 0;
}
