/** Definitions in an order in which each comes after those that it uses. */
import { checkExpression } from './check-expression.ts';
import { evaluateNumber } from './evaluate.ts';
import { namedConstants } from './functions.ts';
import { mistake, type Source } from './source.ts';
import type { Expression } from './syntax.ts';
import { namesIn } from './walk.ts';

/** name = value */
export interface Definition {
  readonly at: number;
  readonly name: string;
  readonly value: Expression;
}

/** What definitions come to. */
export interface SortedDefinitions {
  /** Those known beforehand. */
  readonly constants: ReadonlyMap<string, number>;
  /** Those that depend on t or a state, each after those that it uses. */
  readonly derived: readonly Definition[];
}

/** @throws FormatError for names that are not known, definitions in a circle, and constants that are not finite. */
export function sortDefinitions(
  source: Source,
  states: readonly string[],
  definitions: ReadonlyMap<string, Definition>,
): SortedDefinitions {
  const known = new Set(['t', ...states, ...definitions.keys(), ...namedConstants.keys()]);
  const uses = new Map<string, ReadonlySet<string>>();
  for (const { name, value } of definitions.values()) {
    checkExpression(source, value, known);
    uses.set(name, new Set([...namesIn(value)].filter((used) => definitions.has(used))));
  }
  const constants = new Map([...namedConstants].filter(([name]) => !definitions.has(name)));
  const varying = new Set(['t', ...states]);
  const derived: Definition[] = [];
  for (const name of inOrder(source, definitions, uses)) {
    const definition = definitions.get(name) as Definition;
    if ([...namesIn(definition.value)].some((used) => varying.has(used))) {
      varying.add(name);
      derived.push(definition);
      continue;
    }
    const value = evaluateNumber(definition.value, constants);
    if (!Number.isFinite(value)) {
      throw mistake(source, definition.value.at, `“${name}” is ${value}`, { expected: 'a finite number' });
    }
    constants.set(name, value);
  }
  return { constants, derived };
}

/** Kahn's algorithm: whatever uses nothing that is left comes next. */
function inOrder(
  source: Source,
  definitions: ReadonlyMap<string, Definition>,
  uses: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  const usedBy = new Map<string, string[]>();
  const waitsFor = new Map<string, number>();
  for (const [name, used] of uses) {
    waitsFor.set(name, used.size);
    for (const other of used) usedBy.set(other, [...(usedBy.get(other) ?? []), name]);
  }
  const order = [...waitsFor.keys()].filter((name) => waitsFor.get(name) === 0);
  for (const name of order) {
    for (const user of usedBy.get(name) ?? []) {
      const left = (waitsFor.get(user) ?? 0) - 1;
      waitsFor.set(user, left);
      if (left === 0) order.push(user);
    }
  }
  if (order.length === definitions.size) return order;
  const circle = circleIn(uses, new Set(order));
  const at = definitions.get(circle[0] as string)?.at ?? 0;
  throw mistake(source, at, `definitions use each other in a circle: ${circle.join(' → ')}`, {
    expected: 'definitions that end in numbers, t and states',
    advice: 'If one is meant to change in time, write its derivative and an initial value.',
  });
}

function circleIn(uses: ReadonlyMap<string, ReadonlySet<string>>, done: ReadonlySet<string>): readonly string[] {
  const path: string[] = [];
  let name = [...uses.keys()].find((each) => !done.has(each)) as string;
  while (!path.includes(name)) {
    path.push(name);
    name = [...(uses.get(name) ?? [])].find((each) => !done.has(each)) as string;
  }
  return [...path.slice(path.indexOf(name)), name];
}
