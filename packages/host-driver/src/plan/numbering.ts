/** Value numbering: which nodes compute what was computed before, here or around here. */
import { sizeOf, type Value } from '@node-ode/core';
import type { PlainNode } from './scope.ts';

/** What is known in a scope, and in those around it. */
export class Numbering {
  readonly #around: Numbering | undefined;
  readonly #results = new Map<string, Value>();
  /** Values that are equal have equal numbers. */
  readonly #numbers: Map<Value, number>;

  constructor(around?: Numbering) {
    this.#around = around;
    this.#numbers = around === undefined ? new Map<Value, number>() : around.#numbers;
  }

  /**
   * The value that a node would compute again; undefined if there is none to use. A scope uses any value of its own, but
   * of those around it only scalars: a tensor would have to be kept, which may cost more than computing it again.
   */
  find(node: PlainNode): Value | undefined {
    const key = this.#keyOf(node);
    const own = this.#results.get(key);
    if (own !== undefined) return own;
    const output = node.outputs[0]!;
    const outer = this.#around?.lookUp(key);
    this.#results.set(key, output);
    this.#numbers.set(output, outer === undefined ? this.#numbers.size : this.#numberOf(outer));
    if (outer === undefined || !isScalar(outer)) return undefined;
    this.#results.set(key, outer);
    return outer;
  }

  protected lookUp(key: string): Value | undefined {
    return this.#results.get(key) ?? this.#around?.lookUp(key);
  }

  #numberOf(x: Value): number {
    let number = this.#numbers.get(x);
    if (number === undefined) this.#numbers.set(x, (number = this.#numbers.size));
    return number;
  }

  #keyOf({ op, inputs, params }: PlainNode): string {
    return `${op}(${inputs.map((x) => this.#numberOf(x)).join()})${JSON.stringify(params, exactly)}`;
  }
}

const isScalar = ({ type }: Value): boolean => type.kind === 'tensor' && sizeOf(type.shape) === 1;

/** Numbers that JSON has no words for. */
const exactly = (_: string, x: unknown): unknown =>
  typeof x === 'number' && (!Number.isFinite(x) || Object.is(x, -0)) ? (Object.is(x, -0) ? '-0' : String(x)) : x;
