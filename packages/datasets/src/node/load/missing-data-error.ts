/** Data that are not on this machine. */
import { join } from 'node:path';
import { OptionError } from '@node-ode/core';
import { dataVariable } from '../data-path.ts';

/** What was looked for. */
export interface MissingData {
  readonly dataset: string;
  /** Where it was looked for; undefined if nothing says where. */
  readonly place?: {
    readonly folder: string;
    /** Any of these files will do. */
    readonly files: readonly string[];
    /** The one of them that can be downloaded, and its public address. */
    readonly file: string;
    readonly url: string;
  };
}

/** Data that are not there, and were not asked to be downloaded; `data` lets a program tell its users in its own words. */
export class MissingDataError extends OptionError {
  readonly data: MissingData;

  constructor(operation: string, data: MissingData) {
    const { problem, expected, advice } = inWords(data);
    super(operation, problem, { expected, advice });
    this.data = data;
  }
}

function inWords({ dataset, place }: MissingData): Readonly<Record<'problem' | 'expected' | 'advice', string>> {
  if (place === undefined) {
    return {
      problem: `nothing says where “${dataset}” is, or has to go`,
      expected: `the option path or root, or the environment variable ${dataVariable}`,
      advice: `export ${dataVariable}=/path/to/data makes /path/to/data/${dataset} its folder.`,
    };
  }
  const { folder, files, file, url } = place;
  return {
    problem: `${join(folder, file)} does not exist`,
    expected: `${files.join(' or ')} in ${folder}`,
    advice: `Put it there, or set download: true to get it from ${url}.`,
  };
}
