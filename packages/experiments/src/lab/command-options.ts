/** Options of a command line: what each reads, its defaults, and what its help says. */
import { OptionError } from '@node-ode/core';
import { seeHelp } from '@node-ode/scripts';

/** An option of a command line. */
export interface Option<T> {
  /** What it is, in a few words. */
  readonly text: string;
  /** Its value in a run of the paper's size. */
  readonly full: T;
  /** Its value under `--quick`. */
  readonly quick: T;
  /** Whether it stands alone, without a value. */
  readonly isFlag: boolean;
  /** Whether it says which parts are made, and nothing about how: runs that differ in it share what they have done. */
  readonly isSelection?: boolean;
  /** What a value has to be. */
  readonly expected: string;
  /** The value that a text says; undefined if it is none. */
  read(text: string): T | undefined;
}

/** Options by name; `batchSize` is `--batch-size` on the command line. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The values of options. */
export type OptionsOf<S extends Options> = {
  readonly [K in keyof S]: S[K] extends Option<infer T> ? T : never;
};

/** Defaults of an option: one, or one for each size of run. */
export type Defaults<T> = T | { readonly full: T; readonly quick: T };

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * An integer from `min`, 1 by default, to `max`.
 *
 * @example
 * const epochs = integer('times through the data', { full: 160, quick: 1 });
 */
export const integer = (text: string, defaults: Defaults<number>, { min = 1, max }: Bounds = {}): Option<number> => ({
  ...described(text, defaults),
  isFlag: false,
  expected: `an integer, at least ${min}${max === undefined ? '' : ` and at most ${max}`}`,
  read: (given) => readNumber(given, (n) => Number.isSafeInteger(n) && n >= min && n <= (max ?? Infinity)),
});

/**
 * A finite number above 0, or at least `min` where it is given.
 *
 * @example
 * const rtol = real('relative tolerance', 1e-3);
 */
export const real = (text: string, defaults: Defaults<number>, { min, max }: Bounds = {}): Option<number> => ({
  ...described(text, defaults),
  isFlag: false,
  expected: `${min === undefined ? 'a positive number' : `a number, at least ${min}`}${max === undefined ? '' : ` and at most ${max}`}`,
  read: (given) =>
    readNumber(
      given,
      (n) => Number.isFinite(n) && (min === undefined ? n > 0 : n >= min) && (max === undefined || n <= max),
    ),
});

/**
 * One of some words.
 *
 * @example
 * const solver = oneOf('solver', ['dopri5', 'rk4'], 'dopri5');
 */
export const oneOf = <const W extends string>(
  text: string,
  words: readonly W[],
  defaults: Defaults<NoInfer<W>>,
): Option<W> => ({
  ...described<W>(text, defaults),
  isFlag: false,
  expected: words.join(' or '),
  read: (given) => words.find((word) => word === given),
});

/**
 * Several values of another option, such as `2,8,32`.
 *
 * @example
 * const widths = listOf(integer('widths of the flow', 2), [2, 8, 32]);
 */
export const listOf = <T>(element: Option<T>, defaults: Defaults<readonly T[]>): Option<readonly T[]> => ({
  ...described<readonly T[]>(element.text, defaults),
  isFlag: false,
  expected: `${element.expected}; several with commas between them`,
  read: (given) => {
    const values = given.split(',').map((part) => element.read(part.trim()));
    return values.every((value) => value !== undefined) ? values : undefined;
  },
});

/**
 * Parts that are to be made, such as rows of a table: each is the same whichever others are made with it.
 *
 * @example
 * const only = partsOf(oneOf('rows of the table', ['resnet', 'odenet'], 'odenet'), ['resnet', 'odenet']);
 */
export const partsOf = <T>(element: Option<T>, defaults: Defaults<readonly T[]>): Option<readonly T[]> => ({
  ...listOf(element, defaults),
  isSelection: true,
});

/**
 * Something that is done where it is asked for.
 *
 * @example
 * const augmented = flag('with the augmented dimensions');
 */
export const flag = (text: string): Option<boolean> => ({
  text,
  full: false,
  quick: false,
  isFlag: true,
  expected: 'no value',
  read: (given) => given === '',
});

const hasSizes = <T>(defaults: Defaults<T>): defaults is { readonly full: T; readonly quick: T } =>
  typeof defaults === 'object' && defaults !== null && 'full' in defaults && 'quick' in defaults;

const described = <T>(text: string, defaults: Defaults<T>): { text: string; full: T; quick: T } =>
  hasSizes(defaults) ? { text, full: defaults.full, quick: defaults.quick } : { text, full: defaults, quick: defaults };

/** The number that a text says, if it is one that is allowed. */
export function readNumber(text: string, isValid: (n: number) => boolean): number | undefined {
  const value = text.trim() === '' ? NaN : Number(text);
  return isValid(value) ? value : undefined;
}

/** `batchSize` as `batch-size`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * The value that was given for an option.
 *
 * @throws OptionError if it is none.
 */
export function valueOf<T>(
  operation: string,
  name: string,
  text: string,
  option: Pick<Option<T>, 'expected' | 'read'>,
): T {
  const value = option.read(text);
  if (value !== undefined) return value;
  const { expected } = option;
  throw new OptionError(operation, `--${kebab(name)} ${text === '' ? '“”' : text}`, { expected, advice: seeHelp });
}
