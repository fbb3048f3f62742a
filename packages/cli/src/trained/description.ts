/** What a model's file says of the model, beside its parameters. */
import { FormatError } from '@node-ode/core';
import { Ajv } from 'ajv';
import type { Config } from '../config/config.ts';
import { withAbsolutePaths } from '../config/paths.ts';
import { validConfig } from '../config/validate.ts';
import type { ProblemInfo } from '../data/problem.ts';

/** A model's file without its parameters. */
export interface Description {
  /** As it was trained. In a file paths are relative to it. */
  readonly config: Config;
  readonly info: ProblemInfo;
  /** How training went. */
  readonly training: { readonly steps: number; readonly seconds: number; readonly loss: number | null };
  /** The packages that made it. */
  readonly made: { readonly model: string; readonly version: string | null };
}

const texts = { type: 'array', items: { type: 'string' } };
const numbers = { type: 'array', items: { type: 'number' } };
const scale = {
  type: 'object',
  required: ['mean', 'std'],
  properties: { mean: numbers, std: { type: 'array', items: { type: 'number', exclusiveMinimum: 0 } } },
};
const infoOf = (task: object, required: readonly string[], properties: object): object => ({
  type: 'object',
  required: ['task', 'scale', ...required],
  properties: { task, scale, missingValues: texts, ...properties },
});

const isDescription = new Ajv().compile<Description>({
  type: 'object',
  required: ['config', 'info', 'training', 'made'],
  properties: {
    config: { type: 'object' },
    info: {
      anyOf: [
        infoOf(
          { enum: ['classification', 'regression'] },
          ['features', 'target', 'classes', 'targets', 'targetScale'],
          {
            features: { ...texts, minItems: 1 },
            target: { type: 'string' },
            classes: texts,
            targets: texts,
            targetScale: scale,
            fillsMissing: { type: 'boolean' },
          },
        ),
        infoOf({ const: 'forecast' }, ['values', 'time', 'transform', 'timeUnit'], {
          values: { ...texts, minItems: 1 },
          time: { type: 'string' },
          series: { type: 'string' },
          transform: { enum: ['none', 'log'] },
          timeUnit: { type: 'number', exclusiveMinimum: 0 },
        }),
        infoOf({ const: 'density' }, ['features'], { features: { ...texts, minItems: 1 } }),
      ],
    },
    training: {
      type: 'object',
      required: ['steps', 'seconds'],
      properties: { steps: { type: 'number' }, seconds: { type: 'number' }, loss: { type: ['number', 'null'] } },
    },
    made: { type: 'object', required: ['model'], properties: { model: { type: 'string' } } },
  },
});

/**
 * Reads a description of a file in a folder.
 *
 * @throws FormatError if it is none.
 */
export function parseDescription(text: string, source: string, folder: string): Description {
  const value = parsed(text, source);
  if (!isDescription(value) || !hasMatchingScales(value.info)) {
    const [error] = isDescription.errors ?? [];
    throw new FormatError(
      'model',
      `${source}: its description${error?.instancePath ?? ''} ${error?.message ?? 'has scales of another length'}`,
      {
        expected: 'what node-ode train writes',
      },
    );
  }
  return { ...value, config: validConfig(withAbsolutePaths({ ...value.config }, folder), source) };
}

const hasMatchingScales = (info: ProblemInfo): boolean => {
  const columns = info.task === 'forecast' ? info.values : info.features;
  return info.scale.mean.length === columns.length && info.scale.std.length === columns.length;
};

function parsed(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError('model', `${source}: its description is no JSON`, {
      expected: 'what node-ode train writes',
      cause,
    });
  }
}
