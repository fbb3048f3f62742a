/** Loaders of tables: breast cancer, California housing, lynx and hare. */
import { FormatError, type Dataset } from '@node-ode/core';
import { breastCancerFrom, breastCancerTable, type BreastCancerOptions } from '../../breast-cancer/breast-cancer.ts';
import { parseCsv, type CsvOptions, type CsvTable } from '../../csv/parse.ts';
import { lynxHareFrom, type LynxHareOptions, type LynxHareSeries } from '../../lynx-hare/lynx-hare.ts';
import {
  tableRegression,
  type ClassificationDataset,
  type RegressionDataset,
  type RegressionOptions,
} from '../../table/tabular.ts';
import { readBytes } from '../files/byte-stream.ts';
import { tarMembers } from '../files/tar.ts';
import { locate, type LoadOptions } from './locate.ts';
import { breastCancerSource, californiaHousingSource, lynxHareSource } from './sources.ts';

/** The largest of these tables has 2 MB. */
const maxBytes = 2 ** 26;

const readTable = async (operation: string, path: string, options: Omit<CsvOptions, 'source'>): Promise<CsvTable> =>
  parseCsv(new TextDecoder().decode(await readBytes(operation, path, { maxBytes })), { ...options, source: path });

/**
 * Wisconsin breast cancer from a file in the folder `breast-cancer`: `breast_cancer.csv`, as it ships in this package, or UCI's
 * `wdbc.data`, which has the same rows. Without files `breastCancer()` of '@node-ode/datasets' gives the same data set.
 *
 * @throws OptionError if there is no file; FormatError naming file and line if it is damaged or foreign; whatever `download` throws.
 * @example
 * // const data = await loadBreastCancer({ path: 'data/breast-cancer', seed: 1 });
 */
export async function loadBreastCancer(
  options: LoadOptions & BreastCancerOptions = {},
): Promise<ClassificationDataset> {
  const path = await locate('loadBreastCancer', 'breast-cancer', ['breast_cancer.csv'], breastCancerSource, options);
  const { names } = breastCancerTable();
  if (path.endsWith('.csv')) return breastCancerFrom(await readTable('loadBreastCancer', path, {}), options);
  const features = names.filter((name) => name !== 'target');
  const raw = await readTable('loadBreastCancer', path, {
    names: ['id', 'diagnosis', ...features],
    text: ['diagnosis'],
  });
  const target = Float64Array.from(raw.text['diagnosis'] ?? [], (letter, i) => {
    if (letter === 'M' || letter === 'B') return letter === 'M' ? 0 : 1;
    throw new FormatError('loadBreastCancer', `${path}, row ${i + 1}: the diagnosis is “${letter}”`, {
      expected: 'M or B',
    });
  });
  const { id: _, ...numbers } = raw.numbers;
  return breastCancerFrom({ ...raw, names, numbers: { ...numbers, target } }, options);
}

/** How the blocks are divided and given. */
export type CaliforniaHousingOptions = Omit<RegressionOptions, 'name' | 'target' | 'missing'>;

const rawNames = [
  'longitude',
  'latitude',
  'housingMedianAge',
  'totalRooms',
  'totalBedrooms',
  'population',
  'households',
  'medianIncome',
  'medianHouseValue',
] as const;

/**
 * California housing (Pace and Barry 1997): 20,640 blocks of the census of 1990. Features as scikit-learn has them: MedInc,
 * HouseAge, AveRooms, AveBedrms, Population, AveOccup, Latitude, Longitude; target MedHouseVal, the median value in 100,000 dollars,
 * cut off at 5.00001. From `cal_housing.data`, the archive `cal_housing.tgz`, or `california_housing.csv`, in the folder
 * `california-housing`.
 *
 * @throws OptionError if there is no file; FormatError naming file and line if it is damaged or foreign; whatever `download` throws.
 * @example
 * // const data = await loadCaliforniaHousing({ root: 'data', download: true });
 * // data.targetScale.invert(predictions); // dollars / 100,000
 */
export async function loadCaliforniaHousing(
  options: LoadOptions & CaliforniaHousingOptions = {},
): Promise<RegressionDataset> {
  const operation = 'loadCaliforniaHousing';
  const files = ['cal_housing.data', 'california_housing.csv'];
  const path = await locate(operation, 'california-housing', files, californiaHousingSource, options);
  const table = path.endsWith('.csv')
    ? await readTable(operation, path, {})
    : derived(
        path.endsWith('.tgz')
          ? await inArchive(operation, path)
          : await readTable(operation, path, { names: rawNames }),
      );
  return tableRegression(table, { ...options, name: 'california-housing', target: 'MedHouseVal' });
}

async function inArchive(operation: string, path: string): Promise<CsvTable> {
  const isWanted = (name: string): boolean => name.endsWith('cal_housing.data');
  for await (const { name, bytes } of tarMembers(operation, path, { isWanted, maxBytes })) {
    return parseCsv(new TextDecoder().decode(bytes), { source: `${path}, “${name}”`, names: rawNames });
  }
  throw new FormatError(operation, `${path} has no file cal_housing.data`, { expected: 'the archive of StatLib' });
}

/** The features of scikit-learn from the raw columns. */
function derived(raw: CsvTable): CsvTable {
  const column = (name: (typeof rawNames)[number]): Float64Array => raw.numbers[name] ?? new Float64Array(0);
  const [rooms, bedrooms, people, households] = [
    column('totalRooms'),
    column('totalBedrooms'),
    column('population'),
    column('households'),
  ];
  const perHousehold = (values: Float64Array): Float64Array => values.map((value, i) => value / (households[i] ?? NaN));
  const empty = households.findIndex((count) => count <= 0);
  if (empty !== -1) {
    throw new FormatError(
      'loadCaliforniaHousing',
      `${raw.source}, row ${empty + 1}: ${households[empty] ?? ''} households`,
      {
        expected: 'more than 0',
      },
    );
  }
  const numbers = {
    MedInc: column('medianIncome'),
    HouseAge: column('housingMedianAge'),
    AveRooms: perHousehold(rooms),
    AveBedrms: perHousehold(bedrooms),
    Population: people,
    AveOccup: perHousehold(people),
    Latitude: column('latitude'),
    Longitude: column('longitude'),
    MedHouseVal: column('medianHouseValue').map((value) => value / 100_000),
  };
  return { ...raw, names: Object.keys(numbers), numbers, masks: {} };
}

/**
 * The Hudson Bay record from a file in the folder `lynx-hare`: `lynx_hare.csv`, as it ships in this package, or
 * `hudson-bay-lynx-hare.csv` of Stan's example models. Without files `lynxHare()` of '@node-ode/datasets' gives the same series.
 *
 * @throws OptionError if there is no file; FormatError naming file and line if it is damaged or foreign; whatever `download` throws.
 * @example
 * // const data = await loadLynxHare({ path: 'data/lynx-hare' });
 */
export async function loadLynxHare(options: LoadOptions & LynxHareOptions = {}): Promise<Dataset<LynxHareSeries>> {
  const path = await locate('loadLynxHare', 'lynx-hare', ['lynx_hare.csv'], lynxHareSource, options);
  const table = await readTable('loadLynxHare', path, { comment: '#' });
  const named = Object.entries(table.numbers).map(([name, values]) => [name.toLowerCase(), values] as const);
  const [year, lynx, hare] = ['year', 'lynx', 'hare'].map((name) => named.find(([own]) => own === name)?.[1]);
  if (year === undefined || lynx === undefined || hare === undefined || table.length < 3) {
    throw new FormatError('loadLynxHare', `${path} has columns ${table.names.join(', ')} and ${table.length} rows`, {
      expected: 'year, lynx and hare, and at least 3 rows',
    });
  }
  const row = (i: number): readonly [number, number, number] => [year[i] ?? NaN, lynx[i] ?? NaN, hare[i] ?? NaN];
  const rows = Array.from(year, (_, i) => row(i));
  const gap = rows.findIndex((values) => values.some(Number.isNaN));
  if (gap !== -1) {
    throw new FormatError('loadLynxHare', `${path}, row ${gap + 1} has a missing value`, { expected: 'all values' });
  }
  return lynxHareFrom(rows, options);
}
