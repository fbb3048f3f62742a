/** A system of differential equations, as it is solved: what a text says, with its names resolved and its constants known. */
import { checkExpression } from './check-expression.ts';
import { sortDefinitions, type Definition } from './definitions.ts';
import { evaluateNumber } from './evaluate.ts';
import { functions } from './functions.ts';
import { checkOverrides, overridden, type Overrides } from './overrides.ts';
import { parseStatements } from './parse-statements.ts';
import { lineName, mistake, type Source } from './source.ts';
import type { Expression, Statement } from './syntax.ts';
import { namesIn } from './walk.ts';

type Of<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

/** When a solve ends before its last time: where `left − right` changes its sign. */
export type Stop = Of<'stop'>;

/** dy/dt = f(t, y), y(t₀) = y₀. */
export interface System {
  readonly source: Source;
  readonly states: readonly string[];
  /** Of each state. */
  readonly derivatives: readonly Expression[];
  /** Of each state. */
  readonly initial: readonly number[];
  readonly span: readonly [number, number];
  /** Names whose value is known beforehand. */
  readonly constants: ReadonlyMap<string, number>;
  /** Names whose value depends on t or on a state, each after those that it uses. */
  readonly derived: readonly Definition[];
  readonly stops: readonly Stop[];
  /** The derivatives do not depend on t. */
  readonly isAutonomous: boolean;
}

/**
 * The system that a text describes.
 *
 * @throws FormatError with line and column for what the text says wrong; OptionError for overrides of what it does not have.
 */
export function readSystem(source: Source, overrides: Overrides = {}): System {
  const lines = linesOf(source, parseStatements(source), overrides);
  checkOverrides(lines, overrides);
  const states = [...lines.derivatives.keys()];
  const { constants, derived } = sortDefinitions(source, states, overridden(lines.definitions, overrides));
  const isVarying = new Set(['t', ...states, ...derived.map(({ name }) => name)]);
  const known = new Set([...isVarying, ...constants.keys()]);
  const constant = (expression: Expression): number => {
    checkExpression(source, expression, new Set(constants.keys()), { onlyConstants: isVarying });
    return finite(source, expression, evaluateNumber(expression, constants));
  };
  const derivatives = [...lines.derivatives.values()].map(({ value }) => value);
  for (const { left, right } of lines.stops) for (const side of [left, right]) checkExpression(source, side, known);
  for (const expression of derivatives) checkExpression(source, expression, known);
  const span = spanOf(source, lines.span, overrides, constant);
  return {
    source,
    states,
    derivatives,
    initial: states.map((name) => {
      const given = overrides.initial?.get(name);
      if (given !== undefined) return given;
      const line = lines.initials.get(name) as Of<'initial'>;
      const time = constant(line.time);
      if (time !== span[0]) {
        throw mistake(source, line.time.at, `${name} is given at t = ${time}, and the time span begins at ${span[0]}`, {
          expected: `${name}(${span[0]}) = …`,
        });
      }
      return constant(line.value);
    }),
    span,
    constants,
    derived,
    stops: lines.stops,
    isAutonomous: !usesTime(derivatives, derived),
  };
}

/** The lines of a text by what they say. */
export interface Lines {
  readonly derivatives: ReadonlyMap<string, Definition>;
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly initials: ReadonlyMap<string, Of<'initial'>>;
  readonly span: Of<'span'> | undefined;
  readonly stops: readonly Stop[];
}

function linesOf(source: Source, statements: readonly Statement[], { initial, span }: Overrides): Lines {
  const initials = unique(
    source,
    statements.filter((line): line is Of<'initial'> => line.kind === 'initial'),
  );
  const hasInitial = (name: string): boolean => initials.has(name) || initial?.has(name) === true;
  const equations = statements.flatMap((line): readonly (Definition & { readonly isDerivative: boolean })[] => {
    if (line.kind === 'derivative') return [{ ...line, isDerivative: true }];
    if (line.kind !== 'definition') return [];
    const state = line.name.slice(1);
    const isDerivative = line.name.startsWith('d') && hasInitial(state);
    return [{ ...line, name: isDerivative ? state : line.name, isDerivative }];
  });
  for (const { at, name } of [...equations, ...initials.values()]) requireFree(source, at, name);
  unique(source, equations);
  const part = (isDerivative: boolean): ReadonlyMap<string, Definition> =>
    new Map(equations.filter((line) => line.isDerivative === isDerivative).map((line) => [line.name, line]));
  const lines = { derivatives: part(true), definitions: part(false), initials };
  requireEachState(source, lines, hasInitial);
  const spans = statements.filter((line): line is Of<'span'> => line.kind === 'span');
  unique(
    source,
    spans.map(({ at }) => ({ at, name: 't' })),
  );
  if (spans.length === 0 && span === undefined) {
    throw mistake(source, source.text.length, 'the text gives no time span', {
      expected: 't = 0 .. 10, or --span 0,10',
    });
  }
  const stops = statements.filter((line): line is Stop => line.kind === 'stop');
  return { ...lines, span: spans[0], stops };
}

function requireFree(source: Source, at: number, name: string): void {
  if (name === 't') throw mistake(source, at, '“t” is the time', { expected: 'another name, or t = 0 .. 10' });
  if (functions.has(name)) throw mistake(source, at, `“${name}” is a function`, { expected: 'another name' });
}

function unique<T extends { readonly at: number; readonly name: string }>(
  source: Source,
  lines: readonly T[],
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const line of lines) {
    const before = found.get(line.name);
    if (before !== undefined) {
      throw mistake(source, line.at, `“${line.name}” has a line already, ${lineName(source, before.at)}`, {
        expected: 'one',
      });
    }
    found.set(line.name, line);
  }
  return found;
}

/** Every state has an equation and an initial value, and there is one. */
function requireEachState(
  source: Source,
  { derivatives, definitions, initials }: Pick<Lines, 'derivatives' | 'definitions' | 'initials'>,
  hasInitial: (name: string) => boolean,
): void {
  for (const { at, name } of initials.values()) {
    if (derivatives.has(name)) continue;
    throw mistake(source, at, `“${name}” has an initial value, and no line says how it changes`, {
      expected: `d${name} = …`,
    });
  }
  for (const { at, name } of derivatives.values()) {
    if (hasInitial(name)) continue;
    throw mistake(source, at, `“${name}” has no initial value`, { expected: `${name}(0) = …, or --y0 ${name}=…` });
  }
  if (derivatives.size > 0) return;
  const [likely] = [...definitions.values()].filter(({ name }) => /^d\p{L}/u.test(name));
  const at = likely?.at ?? 0;
  throw mistake(source, at, 'there is no differential equation here', {
    expected: 'a line such as dx = -x with x(0) = 1',
    ...(likely === undefined
      ? {}
      : {
          advice: `${likely.name} = … is one once ${likely.name.slice(1)} has an initial value: ${likely.name.slice(1)}(0) = 1.`,
        }),
  });
}

function spanOf(
  source: Source,
  line: Of<'span'> | undefined,
  { span }: Overrides,
  constant: (expression: Expression) => number,
): readonly [number, number] {
  const found =
    span ?? (line === undefined ? ([NaN, NaN] as const) : ([constant(line.from), constant(line.to)] as const));
  if (found[0] !== found[1]) return found;
  throw mistake(source, line?.at ?? 0, `the time span begins and ends at ${found[0]}`, { expected: 'two times' });
}

function finite(source: Source, { at }: Expression, value: number): number {
  if (Number.isFinite(value)) return value;
  throw mistake(source, at, `the value is ${value}`, { expected: 'a finite number' });
}

function usesTime(derivatives: readonly Expression[], derived: readonly Definition[]): boolean {
  const timed = new Set(['t']);
  const isTimed = (expression: Expression): boolean => [...namesIn(expression)].some((name) => timed.has(name));
  for (const { name, value } of derived) if (isTimed(value)) timed.add(name);
  return derivatives.some(isTimed);
}
