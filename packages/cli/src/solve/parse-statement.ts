/** From the text of one statement to its tree. */
import type { Node } from 'ohm-js';
import { language } from './grammar.ts';
import type { Comparator, Condition, Expression, Link, Statement } from './syntax.ts';

/** What went wrong in a statement: where, and what could have stood there. */
export interface Mismatch {
  readonly kind: 'mismatch';
  readonly at: number;
  readonly expected: string;
}

/** Where the statement that is being read begins in its text: actions of ohm's take nothing but nodes. */
let begin = 0;

/** The tree of the statement that begins at offset `from` of a text. */
export function parseStatement(text: string, from: number): Statement | Mismatch {
  const match = language.match(text);
  if (!match.failed()) {
    begin = from;
    return trees(match).statement();
  }
  const expected = match.getExpectedText().replace(/"([^"]+)"/g, '“$1”');
  return {
    kind: 'mismatch',
    at: from + match.getRightmostFailurePosition(),
    // Every statement ends in an expression, which can go on.
    expected: expected
      .replace(/^end of input$/, 'an operator or the end of the line')
      .replace('end of input', 'the end of the line'),
  };
}

const directions = { '=': 'either', '<': 'falling', '>': 'rising' } as const;

const at = (node: Node): number => begin + node.source.startIdx;
const expressionOf = (node: Node): Expression => node.expression();
const conditionOf = (node: Node): Condition => node.condition();

const chain = (head: Node, operators: Node, operands: Node): Expression => {
  const first = expressionOf(head);
  if (operands.children.length === 0) return first;
  const rest = operands.children.map((operand, i): Link => ({
    operator: operators.child(i).sourceString as Link['operator'],
    operand: expressionOf(operand),
  }));
  return { kind: 'chain', at: at(head), first, rest };
};
const signed = (signs: Node, of: Node): Expression => {
  const operand = expressionOf(of);
  const minuses = signs.children.filter(({ sourceString }) => sourceString === '-');
  return minuses.length % 2 === 1 ? { kind: 'negate', at: at(signs), operand } : operand;
};
const several = (kind: 'and' | 'or', first: Node, others: Node): Condition => {
  const operands = [first, ...others.children].map(conditionOf);
  return operands.length === 1 ? conditionOf(first) : { kind, at: at(first), operands };
};

const trees = language
  .createSemantics()
  .addOperation<Expression>('expression', {
    Expression: chain,
    Product: chain,
    Signed: signed,
    Exponent: signed,
    Power: (base, _, exponents) =>
      [base, ...exponents.children]
        .map(expressionOf)
        .reduceRight((exponent, below) => ({ kind: 'power', at: below.at, base: below, exponent })),
    Primary_group: (_open, inner, _close) => expressionOf(inner),
    Primary_if: (word, _open, condition, _comma, whenTrue, _comma2, whenFalse, _close) => ({
      kind: 'if',
      at: at(word),
      condition: conditionOf(condition),
      whenTrue: expressionOf(whenTrue),
      whenFalse: expressionOf(whenFalse),
    }),
    Primary_call: (name, _open, args, _close) => ({
      kind: 'call',
      at: at(name),
      name: name.sourceString,
      args: args.asIteration().children.map(expressionOf),
    }),
    Primary_name: (name) => ({ kind: 'name', at: at(name), name: name.sourceString }),
    number(_decimal, _e, _sign, _digits) {
      return { kind: 'number', at: at(this), value: Number(this.sourceString) };
    },
  })
  .addOperation<Condition>('condition', {
    Condition: (first, _, others) => several('or', first, others),
    Both: (first, _, others) => several('and', first, others),
    Negated: (words, of) => {
      const operand = conditionOf(of);
      return words.children.length % 2 === 1 ? { kind: 'not', at: at(words), operand } : operand;
    },
    Comparison_compare: (left, comparator, right) => ({
      kind: 'compare',
      at: at(left),
      comparator: comparator.sourceString as Comparator,
      left: expressionOf(left),
      right: expressionOf(right),
    }),
    Comparison_group: (_open, inner, _close) => conditionOf(inner),
  })
  .addOperation<Statement>('statement', {
    Statement_prime: (name, _prime, _equals, value) => ({
      kind: 'derivative',
      at: at(name),
      name: name.sourceString,
      value: expressionOf(value),
    }),
    Statement_leibniz: (quotient, _equals, value) => ({
      kind: 'derivative',
      at: at(quotient),
      name: quotient.sourceString.replace(/\s*\/.*$/s, '').slice(1),
      value: expressionOf(value),
    }),
    Statement_initial: (name, _open, time, _close, _equals, value) => ({
      kind: 'initial',
      at: at(name),
      name: name.sourceString,
      time: expressionOf(time),
      value: expressionOf(value),
    }),
    Statement_span: (t, _equals, start, _dots, end) => ({
      kind: 'span',
      at: at(t),
      from: expressionOf(start),
      to: expressionOf(end),
    }),
    Statement_stop: (stop, _when, left, relation, right) => ({
      kind: 'stop',
      at: at(stop),
      direction: directions[relation.sourceString as keyof typeof directions],
      left: expressionOf(left),
      right: expressionOf(right),
    }),
    Statement_definition: (name, _equals, value) => ({
      kind: 'definition',
      at: at(name),
      name: name.sourceString,
      value: expressionOf(value),
    }),
  });
