/** What the flags of `solve` say, read. */
import { InvalidArgumentError } from 'commander';
import type { CommonOptions } from '../io.ts';

/** The flags of `solve`. */
export interface SolveFlags extends CommonOptions {
  readonly param?: ReadonlyMap<string, number>;
  readonly y0?: ReadonlyMap<string, number>;
  readonly span?: readonly [number, number];
  readonly points?: number;
  readonly times?: readonly number[];
  readonly jumps?: readonly number[];
  readonly also?: readonly string[];
  readonly format: 'csv' | 'jsonl';
  readonly out?: string;
  readonly plot?: string;
  readonly phase?: string;
  readonly axes?: readonly string[];
}

const numberIn = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`Expected a number, not “${text}”.`);
};

/** `a=1,b=2`, added to what was given before. */
export function valuesFlag(text: string, before?: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const pairs = text.split(',').map((pair): [string, number] => {
    const [, name = '', value = ''] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(pair) ?? [];
    if (name === '') throw new InvalidArgumentError(`Expected name=number, not “${pair}”.`);
    return [name, numberIn(value)];
  });
  return new Map([...(before ?? []), ...pairs]);
}

/** `0,0.5,2` */
export const numbersFlag = (text: string): readonly number[] => text.split(',').map(numberIn);

/** `1e-3,1e-6` */
export function positiveNumbersFlag(text: string): readonly number[] {
  const values = numbersFlag(text);
  if (values.every((value) => value > 0)) return values;
  throw new InvalidArgumentError('Expected numbers above 0.');
}

/** `0,10` */
export function spanFlag(text: string): readonly [number, number] {
  const [from, to, ...others] = numbersFlag(text);
  if (from === undefined || to === undefined || others.length > 0) {
    throw new InvalidArgumentError('Expected two times: --span 0,10.');
  }
  return [from, to];
}

/** `x,y` */
export const namesFlag = (text: string): readonly string[] => text.split(',').map((name) => name.trim());
