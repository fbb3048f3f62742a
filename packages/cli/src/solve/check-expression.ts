/** Whether an expression's names are known and its calls have as many arguments as their functions take. */
import { didYouMean } from '../names.ts';
import { functions } from './functions.ts';
import { mistake, type Source } from './source.ts';
import type { Expression } from './syntax.ts';
import { nodesOf } from './walk.ts';

/** @throws FormatError at the first name or call that is wrong. */
export function checkExpression(
  source: Source,
  expression: Expression,
  known: ReadonlySet<string>,
  { onlyConstants }: { readonly onlyConstants?: ReadonlySet<string> } = {},
): void {
  for (const node of nodesOf(expression)) {
    if (node.kind === 'name') {
      if (known.has(node.name)) continue;
      if (onlyConstants?.has(node.name) === true) {
        throw mistake(source, node.at, `“${node.name}” changes in time`, { expected: 'numbers and constants here' });
      }
      throw unknownName(source, node.at, node.name, known);
    }
    if (node.kind === 'number' && !Number.isFinite(node.value)) {
      throw mistake(source, node.at, 'the number is too large', { expected: 'one below 1.8e308' });
    }
    if (node.kind === 'call') checkCall(source, node);
  }
}

function unknownName(source: Source, at: number, name: string, known: ReadonlySet<string>): Error {
  if (functions.has(name)) {
    return mistake(source, at, `the function “${name}” has no arguments`, { expected: `${name}(…)` });
  }
  const isMisled = known.has(`d${name}`);
  const meant = isMisled
    ? `d${name} = … is an equation once ${name} has an initial value: ${name}(0) = 1.`
    : didYouMean(name, [...known]);
  return mistake(source, at, `“${name}” is not known`, {
    expected: `one of ${listed([...known])}`,
    ...(meant === undefined ? {} : { advice: meant }),
  });
}

const listed = (names: readonly string[]): string =>
  names.length > 20 ? `${names.slice(0, 20).join(', ')}, …` : names.join(', ');

function checkCall(source: Source, { at, name, args }: Extract<Expression, { readonly kind: 'call' }>): void {
  const called = functions.get(name);
  if (called === undefined) {
    const meant = didYouMean(name, [...functions.keys()]);
    throw mistake(source, at, `there is no function “${name}”`, {
      expected: `one of ${[...functions.keys()].join(', ')}, if`,
      ...(meant === undefined ? {} : { advice: meant }),
    });
  }
  if (args.length === called.arity) return;
  throw mistake(source, at, `“${name}” has ${args.length} arguments`, { expected: String(called.arity) });
}
