/** The PhysioNet / Computing in Cardiology challenge of 2012: the first 48 hours of stays in intensive care. */
import { OptionError, type FloatDType } from '@node-ode/core';
import { componentScales, mapValues, seriesBuilder, splitSeries } from './collect.ts';
import { irregularSeries, type IrregularDataset } from './irregular.ts';

/** What is measured again and again. */
export const physionetParameters: readonly string[] =
  `Albumin ALP ALT AST Bilirubin BUN Cholesterol Creatinine DiasABP FiO2 GCS Glucose HCO3 HCT HR K Lactate Mg MAP MechVent Na
  NIDiasABP NIMAP NISysABP PaCO2 PaO2 pH Platelets RespRate SaO2 SysABP Temp TroponinI TroponinT Urine WBC Weight`.split(
    /\s+/,
  );

/** What is told of a patient once, at the start; also among a record's rows. */
export const physionetDescriptors: readonly string[] = ['Age', 'Gender', 'Height', 'ICUType'];

/** A row of a record. */
export interface PhysionetRow {
  readonly record: string;
  /** Since admission. */
  readonly minutes: number;
  readonly parameter: string;
  readonly value: number;
}

/** How records are given. */
export interface PhysionetOptions {
  /** Components of `y`; the 37 `physionetParameters` by default. `physionetDescriptors` may be among them. */
  readonly parameters?: readonly string[];
  /** Times are rounded to multiples of so many minutes; 1, as they are, by default. Rubanova et al. 2019 take 6. */
  readonly quantize?: number;
  /** Standardises each component by what was observed of it in `train`; true by default. */
  readonly standardize?: boolean;
  /** Share of the records that is tested on; 0.2 by default. */
  readonly test?: number;
  /** Of the split; 0 by default. */
  readonly seed?: number;
  /** So many records, the first ones; all by default. */
  readonly limit?: number;
  /** `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Records as a data set. */
export interface PhysionetDataset extends IrregularDataset {
  readonly parameters: readonly string[];
  /** For each component what is subtracted from it, and what the rest is divided by. */
  readonly scale: readonly { readonly mean: number; readonly std: number }[];
}

/**
 * Records as irregular series: times in hours, from 0 to 48; labels 1 for patients who died in hospital. Values of −1 of
 * what can't be negative stand for unknown ones, and are not observations; of several at one time the mean is taken. Records
 * without any of the parameters are left out.
 *
 * @throws OptionError if an option is out of range, or a parameter is not known.
 * @example
 * const rows = ['a', 'b'].map((record) => ({ record, minutes: 30, parameter: 'HR', value: 80 }));
 * const data = physionetFrom(rows, new Map([['a', 0], ['b', 1]]), { parameters: ['HR'], test: 0.5 });
 */
export function physionetFrom(
  rows: Iterable<PhysionetRow>,
  deaths: ReadonlyMap<string, number>,
  options: PhysionetOptions = {},
): PhysionetDataset {
  const { parameters = physionetParameters, quantize = 1, standardize = true, dtype, limit = Infinity } = options;
  const known = [...physionetParameters, ...physionetDescriptors];
  const unknown = parameters.find((name, i) => !known.includes(name) || parameters.indexOf(name) !== i);
  if (unknown !== undefined || parameters.length === 0 || !(quantize > 0) || !(limit >= 2)) {
    throw new OptionError(
      'physionet2012',
      `parameters ${parameters.join(', ')}, quantize ${quantize}, limit ${limit}`,
      {
        expected: `each of some parameters once, positive minutes, at least 2 records; parameters are ${known.join(', ')}`,
      },
    );
  }
  const component = new Map(parameters.map((name, i) => [name, i]));
  const builder = seriesBuilder(parameters.length);
  for (const { record, minutes, parameter, value } of rows) {
    const index = component.get(parameter);
    if (index === undefined || value === -1) continue;
    builder.add(record, (Math.round(minutes / quantize) * quantize) / 60, index, value);
  }
  const series = [...builder.build(deaths).values()].slice(0, limit);
  const parts = splitSeries('physionet2012', series, { test: options.test ?? 0.2, seed: options.seed ?? 0 });
  const dimensions = parameters.length;
  const { mean, std } = componentScales(standardize ? parts.train : [], dimensions);
  const scaled = (part: typeof parts.train): typeof parts.train =>
    part.map((one) => mapValues(one, (value, k) => (value - (mean[k % dimensions] ?? 0)) / (std[k % dimensions] ?? 1)));
  const data = irregularSeries(
    'physionet2012',
    { train: scaled(parts.train), test: scaled(parts.test) },
    { dimensions, ...(dtype === undefined ? {} : { dtype }) },
  );
  return { ...data, parameters, scale: mean.map((m, i) => ({ mean: m, std: std[i] ?? 1 })) };
}
