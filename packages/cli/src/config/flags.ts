/** Flags for every entry of a configuration, made of its schema. */
import { Option, type Command } from 'commander';
import { UsageError } from '../errors.ts';
import { dashed } from '../names.ts';
import { isRecord } from '../plugins/package-info.ts';
import { withAbsolutePaths } from './paths.ts';
import { parseYaml } from './read.ts';
import { requireEntry, schema, type SchemaNode } from './validate.ts';

/** A flag, and the entry that it sets. */
interface Flag {
  readonly path: readonly string[];
  /** `data-file` */
  readonly name: string;
  readonly node: SchemaNode;
}

const flagsOf = (node: SchemaNode, path: readonly string[] = []): readonly Flag[] =>
  Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    if (name.startsWith('$')) return [];
    const own = [...path, name];
    return child.properties === undefined
      ? [{ path: own, name: own.map(dashed).join('-'), node: child }]
      : flagsOf(child, own);
  });

/** All flags of configurations. */
export const configFlags: readonly Flag[] = flagsOf(schema);

/** Those that say how to solve: an evaluation has them, too. */
export const solveFlags = configFlags.filter(({ path: [first = ''] }) =>
  ['solver', 'controller', 'backend', 'rtol', 'atol', 'stepSize', 'maxSteps'].includes(first),
);

const placeholder = ({ node: { $ref: ref = '', type, enum: words } }: Flag): string => {
  if (ref.endsWith('plugin')) return 'NAME';
  if (ref.endsWith('columns')) return 'A,B';
  if (words !== undefined) return words.join('|');
  return type === 'string' ? 'TEXT' : type === 'boolean' ? 'BOOLEAN' : 'NUMBER';
};

/** Adds flags to a command, and `--set`, which reaches the options of plugins. */
export function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const flag of flags) {
    command.addOption(new Option(`--${flag.name} <${placeholder(flag)}>`, flag.node.description ?? ''));
  }
  return command.option(
    '--set <ENTRY=VALUE>',
    'any entry, options of plugins too: --set model.width=16 (repeatable)',
    (text: string, before: readonly string[]) => [...before, text],
    [],
  );
}

/**
 * A configuration with what flags say in place of its entries; paths in them are relative to `cwd`.
 *
 * @throws UsageError for a flag that can't be read.
 * @example
 * withFlags({ model: 'cnf' }, configFlags, { batchSize: '32', set: ['model.hidden=[16]'] }, cwd);
 */
export function withFlags(
  config: Readonly<Record<string, unknown>>,
  flags: readonly Flag[],
  given: Readonly<Record<string, unknown>>,
  cwd: string,
): Readonly<Record<string, unknown>> {
  const byFlags = flags.reduce((whole, flag) => {
    const text = given[camel(flag.name)];
    if (typeof text !== 'string') return whole;
    const value = valueOf(flag, text);
    requireEntry(flag.path, value, `--${flag.name}`);
    return setEntry(whole, flag.path, value);
  }, config);
  const sets: readonly unknown[] = Array.isArray(given['set']) ? given['set'] : [];
  return withAbsolutePaths(sets.filter((one) => typeof one === 'string').reduce(setText, byFlags), cwd);
}

const camel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function valueOf({ node, name }: Flag, text: string): unknown {
  const isNumeric = node.type === 'number' || node.type === 'integer';
  if (node.$ref?.endsWith('columns') === true) return text.split(',').map((one) => one.trim());
  if (node.$ref !== undefined && text.trimStart().startsWith('{')) return parseYaml(text, `--${name}`);
  if (node.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (isNumeric) {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!Number.isFinite(value)) {
      throw new UsageError(`--${name}`, `“${text}” is no number`, {
        expected: node.type === 'integer' ? 'an integer' : 'a number',
      });
    }
    return value;
  }
  return text;
}

function setText(config: Readonly<Record<string, unknown>>, text: string): Readonly<Record<string, unknown>> {
  const [, entry = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const path = entry.split('.');
  if (path.some((name) => name === '' || name === '__proto__')) {
    throw new UsageError('--set', `“${text}”`, { expected: 'ENTRY=VALUE, such as model.width=16' });
  }
  return setEntry(config, path, parseYaml(value, `--set ${entry}`));
}

/** The configuration with another value at a path. A plugin that is a name takes options. */
function setEntry(
  config: Readonly<Record<string, unknown>>,
  [first = '', ...rest]: readonly string[],
  value: unknown,
): Readonly<Record<string, unknown>> {
  if (rest.length === 0) return { ...config, [first]: value };
  const inner = config[first];
  const record = isRecord(inner) ? inner : typeof inner === 'string' ? { name: inner } : {};
  return { ...config, [first]: setEntry(record, rest, value) };
}
