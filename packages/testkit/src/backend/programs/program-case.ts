/** What a program is that two engines are compared on. */
import { array, type HostArray, type Tensor } from '@node-ode/core';
import type { Draw } from '../cases/draw.ts';

/** A traced function with inputs for it. */
export interface ProgramCase {
  readonly name: string;
  readonly inputs: (draw: Draw) => readonly (readonly HostArray[])[];
  readonly fn: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** Multiplies the tolerances: a long computation rounds more. */
  readonly slack?: number;
}

/** An i32 scalar. */
export const integer = (n: number): HostArray => array([n], { shape: [], dtype: 'i32' });

/** A bool scalar. */
export const boolean = (x: boolean): HostArray => array([x ? 1 : 0], { shape: [], dtype: 'bool' });

/** Each number of trips with the same other inputs. */
export const trips = (counts: readonly number[], rest: (draw: Draw) => readonly HostArray[]) => (source: Draw) =>
  counts.map((n) => [integer(n), ...rest(source)]);

/** An operand that is there: a program is given as many as its inputs. */
export const tensor = (x: Tensor | undefined): Tensor => x as Tensor;
