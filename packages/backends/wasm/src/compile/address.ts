/** Addresses in the code of a function. */
import { get, i32, load, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import { scalarType } from './types.ts';
import type { Variable } from './variable.ts';

/** An address: what a local holds, if any, plus an offset that is known. */
export interface Address {
  readonly base: Local | undefined;
  readonly offset: number;
}

export const addressCode = ({ base, offset }: Address): Code => {
  if (base === undefined) return i32(offset);
  return offset === 0 ? get(base) : op('i32.add', get(base), i32(offset));
};

/** The load or store of a scalar of a dtype in memory; a bool is 0 or −1 there. */
export const loadScalar = (variable: Variable, address: Code, offset = 0): Code => {
  const code = load(`${scalarType(variable.dtype)}.load`, address, offset);
  return variable.dtype === 'bool' ? op('i32.ne', code, i32(0)) : code;
};
