/** WGSL in pieces. The numbers in them are uniforms: programs that differ in their numbers alone, as by a shape, are compiled once. */
import type { TfDType } from '../contract.ts';

/** A number that a program is given when it runs. */
export interface Uniform {
  readonly type: 'int32' | 'float32';
  readonly value: number;
}

/** WGSL with uniforms in it. */
export interface Code {
  readonly parts: readonly (string | Uniform)[];
}

/** An integer that a program uses in several places. */
export const whole = (value: number): Uniform => ({ type: 'int32', value });

/** A number as an element of a dtype. */
export const element = (value: number, dtype: TfDType): Uniform =>
  dtype === 'float32'
    ? { type: 'float32', value }
    : { type: 'int32', value: dtype === 'bool' ? Number(value !== 0) : value | 0 };

/**
 * Code with strings as they are, and numbers as uniforms: integers, if they are no `Uniform`.
 *
 * @example
 * code`let line = index / ${inner};`;
 */
export const code = (text: readonly string[], ...values: readonly (string | number | Uniform | Code)[]): Code => ({
  parts: text.flatMap((piece, i) => [piece, ...(i < values.length ? partsOf(values[i]!) : [])]),
});

function partsOf(x: string | number | Uniform | Code): Code['parts'] {
  if (typeof x === 'number') return [whole(x)];
  return typeof x === 'object' && 'parts' in x ? x.parts : [x];
}

/** Pieces with a text between them. */
export const joined = (pieces: readonly Code[], between: string): Code => ({
  parts: pieces.flatMap(({ parts }, i) => (i === 0 ? parts : [between, ...parts])),
});

/** Code as a program has it. */
export interface Program {
  readonly text: string;
  /** Its uniforms, as members of a struct, and their values. */
  readonly members: string;
  readonly values: readonly { readonly type: Uniform['type']; readonly data: readonly number[] }[];
}

const wgslTypes = { int32: 'i32', float32: 'f32' } as const;

/** Names the uniforms. One `Uniform` is one, wherever it stands; equal ones are as many as they are. */
export function programOf({ parts }: Code): Program {
  const names = new Map<Uniform, string>();
  const nameOf = (x: Uniform): string => {
    const name = names.get(x) ?? `number${names.size}`;
    names.set(x, name);
    return `uniforms.${name}`;
  };
  const text = parts.map((part) => (typeof part === 'string' ? part : nameOf(part))).join('');
  const uniforms = [...names];
  return {
    text,
    members: uniforms.map(([{ type }, name]) => `${name} : ${wgslTypes[type]}, `).join(''),
    values: uniforms.map(([{ type, value }]) => ({ type, data: [value] })),
  };
}
