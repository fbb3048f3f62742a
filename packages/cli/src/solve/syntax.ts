/** What a system's text says, as trees. Each node knows where it stands: an offset into the text. */

/** A number. */
export type Expression =
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'negate'; readonly at: number; readonly operand: Expression }
  /** first op₁ x₁ op₂ x₂ …, from the left: a list, as it may be thousands long. */
  | { readonly kind: 'chain'; readonly at: number; readonly first: Expression; readonly rest: readonly Link[] }
  | { readonly kind: 'power'; readonly at: number; readonly base: Expression; readonly exponent: Expression }
  | { readonly kind: 'call'; readonly at: number; readonly name: string; readonly args: readonly Expression[] }
  | {
      readonly kind: 'if';
      readonly at: number;
      readonly condition: Condition;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    };

export interface Link {
  readonly operator: '+' | '-' | '*' | '/';
  readonly operand: Expression;
}

export type Comparator = '<' | '<=' | '>' | '>=' | '==' | '!=';

/** True or false. */
export type Condition =
  | {
      readonly kind: 'compare';
      readonly at: number;
      readonly comparator: Comparator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'and' | 'or'; readonly at: number; readonly operands: readonly Condition[] }
  | { readonly kind: 'not'; readonly at: number; readonly operand: Condition };

/** One line of a system. */
export type Statement =
  /** x' = …, dx/dt = … */
  | { readonly kind: 'derivative'; readonly at: number; readonly name: string; readonly value: Expression }
  /** a = …; also dx = …, which is a derivative if x has an initial value. */
  | { readonly kind: 'definition'; readonly at: number; readonly name: string; readonly value: Expression }
  /** x(0) = … */
  | {
      readonly kind: 'initial';
      readonly at: number;
      readonly name: string;
      readonly time: Expression;
      readonly value: Expression;
    }
  /** t = 0 .. 10 */
  | { readonly kind: 'span'; readonly at: number; readonly from: Expression; readonly to: Expression }
  /** stop when h < 0 */
  | {
      readonly kind: 'stop';
      readonly at: number;
      readonly direction: 'rising' | 'falling' | 'either';
      readonly left: Expression;
      readonly right: Expression;
    };
