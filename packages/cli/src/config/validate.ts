/** Holds configurations to the schema, with errors that name the entry. */
import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { UsageError } from '../errors.ts';
import { didYouMean } from '../names.ts';
import type { Config } from './config.ts';

/** Where the schema lies in this package. */
export const schemaUrl = new URL('../../schema.json', import.meta.url);

/** The parts of the schema that flags are made of. */
export interface SchemaNode {
  readonly $id?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** The schema as it is published. */
export const schema = JSON.parse(readFileSync(schemaUrl, 'utf8')) as SchemaNode;

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictRequired: false, verbose: true });
const isConfig = ajv.compile<Config>(schema);

/**
 * Checks what was read.
 *
 * @param source The file, or what else errors call it.
 * @throws UsageError naming the entry, what it is and what it has to be.
 * @example
 * const config = validConfig({ data: { set: 'two-moons' }, model: 'cnf' }, 'moons.yaml');
 */
export function validConfig(value: unknown, source: string): Config {
  if (!isConfig(value)) throw explain(firstOf(isConfig.errors ?? []), source);
  const { data, rtol, atol, stepSize, controller } = value;
  const refuse = (problem: string, expected: string): UsageError => new UsageError(source, problem, { expected });
  if ((data.file === undefined) === (data.set === undefined)) {
    throw refuse(`data has ${data.file === undefined ? 'neither file nor set' : 'both file and set'}`, 'one of them');
  }
  if (data.exclude !== undefined && (data.features ?? data.values) !== undefined) {
    throw refuse(`data has exclude beside ${data.features === undefined ? 'values' : 'features'}`, 'one of them');
  }
  if ((rtol !== undefined || atol !== undefined) && (stepSize !== undefined || controller !== undefined)) {
    throw refuse(
      `rtol or atol with ${stepSize === undefined ? 'controller' : 'stepSize'}`,
      'tolerances without it, or as options of the controller',
    );
  }
  if (stepSize !== undefined && controller !== undefined) throw refuse('stepSize with controller', 'one of them');
  return value;
}

/**
 * Checks the value of one entry, as a flag says it.
 *
 * @param path The entry's.
 * @throws UsageError naming the flag, what its value is and what it has to be.
 * @example
 * requireEntry(['epochs'], -3, '--epochs'); // --epochs: -3; expected an integer from 0 on
 */
export function requireEntry(path: readonly string[], value: unknown, flag: string): void {
  const isEntry = ajv.getSchema(`${schema.$id ?? ''}#${path.map((name) => `/properties/${name}`).join('')}`);
  if (isEntry === undefined || isEntry(value) === true) return;
  const [error] = isEntry.errors ?? [];
  if (error !== undefined) throw explain(error, flag);
}

/** The error to tell of: an entry that is written wrongly is missing as well. */
const firstOf = (errors: readonly ErrorObject[]): ErrorObject | undefined =>
  errors.find(({ keyword, instancePath }) => keyword === 'additionalProperties' && instancePath === '') ?? errors[0];

/** `/data/file` as `data.file`. */
const entryOf = (path: string): string => path.slice(1).replaceAll('/', '.');

function explain(error: ErrorObject | undefined, source: string): UsageError {
  if (error === undefined) return new UsageError(source, 'it is no configuration');
  const entry = entryOf(error.instancePath);
  const isFlag = source.startsWith('--') && entry === '';
  const at = entry === '' ? 'the configuration' : `“${entry}”`;
  const params = error.params as Readonly<Record<string, unknown>>;
  const given = shown(error.data);
  const what = isFlag ? given : `${at} is ${given}`;
  if (error.keyword === 'additionalProperties') {
    const name = String(params['additionalProperty']);
    const known = Object.keys((error.parentSchema as SchemaNode | undefined)?.properties ?? {});
    return withMeant(`${at} has the entry “${name}”, which there is not`, known.join(', '), name, known);
  }
  if (error.keyword === 'enum') {
    const allowed = (params['allowedValues'] as readonly unknown[]).map(String);
    return withMeant(what, allowed.join(', '), String(error.data), allowed);
  }
  if (error.keyword === 'required') {
    const name = String(params['missingProperty']);
    return new UsageError(source, `${at} has no “${name}”`, { expected: 'one', advice: 'See node-ode schema.' });
  }
  return new UsageError(source, what, {
    expected: wordsFor(error) ?? `a value that ${error.message ?? 'fits the schema'}`,
  });

  function withMeant(problem: string, expected: string, name: string, known: readonly string[]): UsageError {
    const meant = didYouMean(name, known);
    return new UsageError(source, problem, { expected, ...(meant === undefined ? {} : { advice: meant }) });
  }
}

/** What a rule of the schema asks for, in words. */
function wordsFor({ keyword, params, parentSchema }: ErrorObject): string | undefined {
  const rule: Readonly<Record<string, unknown>> = params;
  const limit = String(rule['limit']);
  const isInteger = parentSchema?.['type'] === 'integer';
  const one = isInteger ? 'an integer' : 'a number';
  switch (keyword) {
    case 'minimum':
      return isInteger && rule['limit'] === 1 ? 'a positive integer' : `${one} from ${limit} on`;
    case 'exclusiveMinimum':
      return `${one} above ${limit}`;
    case 'maximum':
      return `${one} up to ${limit}`;
    case 'exclusiveMaximum':
      return `${one} below ${limit}`;
    case 'minItems':
      return `at least ${limit} of them`;
    case 'minLength':
      return 'a text that is not empty';
    case 'maxLength':
      return limit === '1' ? 'one character' : `a text of at most ${limit} characters`;
    case 'type':
      return [rule['type']].flat().map(named).join(' or ');
    default:
      return undefined;
  }
}

/** A type with its article. */
const named = (type: unknown): string => `${/^[aeiou]/.test(String(type)) ? 'an' : 'a'} ${String(type)}`;

/** A value, not too much of it. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
