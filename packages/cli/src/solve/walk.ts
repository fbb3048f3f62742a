/** Walks over the trees of expressions. */
import type { Condition, Expression } from './syntax.ts';

/** What an expression is made of, without what that is made of. */
export function partsOf(node: Expression | Condition): readonly (Expression | Condition)[] {
  switch (node.kind) {
    case 'number':
    case 'name':
      return [];
    case 'negate':
    case 'not':
      return [node.operand];
    case 'chain':
      return [node.first, ...node.rest.map(({ operand }) => operand)];
    case 'power':
      return [node.base, node.exponent];
    case 'call':
      return node.args;
    case 'if':
      return [node.condition, node.whenTrue, node.whenFalse];
    case 'compare':
      return [node.left, node.right];
    case 'and':
    case 'or':
      return node.operands;
  }
}

/** All nodes of an expression. */
export function* nodesOf(node: Expression | Condition): Generator<Expression | Condition> {
  yield node;
  for (const part of partsOf(node)) yield* nodesOf(part);
}

/** The names that an expression uses. */
export function namesIn(expression: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of nodesOf(expression)) if (node.kind === 'name') names.add(node.name);
  return names;
}
