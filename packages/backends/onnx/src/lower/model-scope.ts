/** What all graphs of a model share: fresh names, the constants of the main graph, and the rules that lower nodes. */
import { OptionError, type CompositePrimitive, type NodeOf, type Primitive } from '@node-ode/core';
import type { Initializer, OnnxTensor } from '../model/ir.ts';
import type { Operand, Target } from './contract.ts';
import type { Scope } from './scope.ts';

export type Apply = <P extends Primitive>(
  scope: Scope,
  op: P,
  operands: readonly Operand[],
  params: NodeOf<P>['params'],
) => Operand;

/** Rules that need the whole table, handed in so that rules may use each other. */
export interface SharedRules {
  /** Applies a primitive. */
  readonly apply: Apply;
  /** Applies a composite by its decomposition. */
  readonly decompose: <P extends CompositePrimitive>(
    scope: Scope,
    node: NodeOf<P>,
    operands: readonly Operand[],
  ) => string;
}

export class ModelScope {
  readonly initializers: Initializer[] = [];
  readonly #names = new Map<string, number>();
  readonly #constants = new Map<string, string>();

  constructor(
    readonly target: Target,
    readonly rules: SharedRules,
  ) {}

  /** Keeps a name for an input or an output of the model. */
  reserve(name: string): void {
    if (this.#names.has(name)) {
      throw new OptionError('emitModel', `the name '${name}' is used twice`, {
        expected: 'one name for each input and output',
      });
    }
    this.#names.set(name, 1);
  }

  /** A name that nothing in the model has. */
  fresh(hint: string): string {
    const count = this.#names.get(hint) ?? 0;
    this.#names.set(hint, count + 1);
    return count === 0 ? hint : this.fresh(`${hint}_${count}`);
  }

  /** A constant of the main graph; equal ones (by `key`) are one. */
  constant(key: string, hint: string, origin: string, make: () => OnnxTensor): string {
    return this.memo(key, () => {
      const name = this.fresh(hint);
      this.initializers.push({ name, tensor: make(), origin });
      return name;
    });
  }

  /** The name that was made for a key before, or the one that `make` makes now. */
  memo(key: string, make: () => string): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.#constants.set(key, name);
    return name;
  }
}
