/** Loader of PhysioNet 2012. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError } from '@node-ode/core';
import { parseCsv, type CsvTable } from '../../csv/parse.ts';
import {
  physionetFrom,
  type PhysionetDataset,
  type PhysionetOptions,
  type PhysionetRow,
} from '../../series/physionet.ts';
import { readBytes } from '../files/byte-stream.ts';
import { tarMembers } from '../files/tar.ts';
import { streamCsv } from '../stream/csv.ts';
import { findIn, folderOf, locate, type LoadOptions } from './locate.ts';
import { physionetSources } from './sources.ts';

const operation = 'loadPhysionet2012';
/** The longest record has less than 100 kB. */
const maxBytes = 2 ** 24;

/**
 * PhysioNet 2012, set A: 4000 stays in intensive care, as irregular series. From the folder `physionet2012`: records as
 * `set-a/*.txt`, in `set-a.tar.gz`, or in one table `set_a_first1000.csv.gz` (record_id, minutes, parameter, value), and
 * outcomes as `Outcomes-a.txt`, or `outcomes_a_first1000.csv` for the table.
 *
 * @throws OptionError if a file is missing; FormatError naming file and line or offset if one is truncated, damaged or foreign;
 * whatever `download` throws.
 * @example
 * // const data = await loadPhysionet2012({ root: 'data', quantize: 6 });
 * // data.batches('train', { batchSize: 50 }); // t [50, times], y and mask [50, times, 37], label [50]
 */
export async function loadPhysionet2012(options: LoadOptions & PhysionetOptions = {}): Promise<PhysionetDataset> {
  const folder = folderOf(operation, 'physionet2012', options);
  const table = findIn(folder, ['set_a_first1000.csv.gz', 'set_a_first1000.csv']);
  const records = join(folder, 'set-a');
  const isTable = table !== undefined && !existsSync(records) && findIn(folder, ['set-a.tar.gz']) === undefined;
  if (isTable) {
    const outcomes = join(folder, 'outcomes_a_first1000.csv');
    return physionetFrom(await rowsOfTable(table), await deathsOf(outcomes), options);
  }
  const rows = existsSync(records)
    ? await rowsOfFolder(records)
    : await rowsOfArchive(await locate(operation, 'physionet2012', [], physionetSources.records, options));
  const outcomes = await locate(operation, 'physionet2012', [], physionetSources.outcomes, options);
  return physionetFrom(rows, await deathsOf(outcomes), options);
}

const textOf = async (path: string): Promise<string> =>
  new TextDecoder().decode(await readBytes(operation, path, { maxBytes }));

async function deathsOf(path: string): Promise<ReadonlyMap<string, number>> {
  const { numbers } = parseCsv(await textOf(path), { source: path });
  const [ids, deaths] = [numbers['RecordID'], numbers['In-hospital_death']];
  if (ids === undefined || deaths === undefined || deaths.some((death) => death !== 0 && death !== 1)) {
    throw new FormatError(operation, `${path} tells no outcomes`, {
      expected: 'columns RecordID and In-hospital_death, which is 0 or 1',
    });
  }
  return new Map(Array.from(ids, (id, i) => [String(id), deaths[i] ?? 0]));
}

async function rowsOfTable(path: string): Promise<PhysionetRow[]> {
  const rows: PhysionetRow[] = [];
  for await (const part of streamCsv(path, { text: ['parameter'], batchSize: 10_000 })) {
    const { record_id: ids, minutes, value } = part.numbers;
    if (ids === undefined || minutes === undefined || value === undefined) {
      throw new FormatError(operation, `${path} has columns ${part.names.join(', ')}`, {
        expected: 'record_id, minutes, parameter, value',
      });
    }
    ids.forEach((id, i) =>
      rows.push({
        record: String(id),
        minutes: minutes[i] ?? NaN,
        parameter: part.text['parameter']?.[i] ?? '',
        value: value[i] ?? NaN,
      }),
    );
  }
  return rows;
}

async function rowsOfFolder(folder: string): Promise<PhysionetRow[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.txt')).sort();
  const rows: PhysionetRow[] = [];
  for (const name of names) {
    const path = join(folder, name);
    rows.push(...rowsOfRecord(await textOf(path), path));
  }
  return rows;
}

async function rowsOfArchive(path: string): Promise<PhysionetRow[]> {
  const rows: PhysionetRow[] = [];
  const isWanted = (name: string): boolean => name.endsWith('.txt');
  for await (const { name, bytes } of tarMembers(operation, path, { isWanted, maxBytes })) {
    rows.push(...rowsOfRecord(new TextDecoder().decode(bytes), `${path}, “${name}”`));
  }
  return rows;
}

/** A record's file: Time (hours:minutes), Parameter, Value; one of the rows is RecordID. */
export function rowsOfRecord(text: string, source: string): PhysionetRow[] {
  const table = parseCsv(text, { source, text: ['Time', 'Parameter'] });
  const { Time: times = [], Parameter: parameters = [] } = table.text;
  const values = valuesOf(table);
  const at = parameters.indexOf('RecordID');
  if (at === -1) {
    throw new FormatError(operation, `${source} has no row RecordID`, { expected: 'a record of set A' });
  }
  const record = String(values[at] ?? '');
  return times.flatMap((time, i) => {
    const parts = /^(\d{2,3}):([0-5]\d)$/.exec(time.trim());
    if (parts === null) {
      throw new FormatError(operation, `${source}, row ${i + 1}: the time is “${time}”`, {
        expected: 'hours:minutes, such as 07:30',
      });
    }
    // a few rows name no parameter
    const parameter = parameters[i] ?? '';
    if (i === at || parameter === '') return [];
    return [{ record, minutes: 60 * Number(parts[1]) + Number(parts[2]), parameter, value: values[i] ?? NaN }];
  });
}

function valuesOf({ numbers, names, source }: CsvTable): Float64Array {
  const values = numbers['Value'];
  if (values !== undefined) return values;
  throw new FormatError(operation, `${source} has columns ${names.join(', ')}`, { expected: 'Time, Parameter, Value' });
}
