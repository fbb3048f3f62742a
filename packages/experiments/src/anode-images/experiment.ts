/** NODE and ANODE with equal parameters on images. */
import { defineExperiment, flag, integer, oneOf, partsOf, real } from '../lab/index.ts';
import { dataNames, findImages, type DataName } from './data.ts';
import { matchingFilters, type Variant } from './networks.ts';
import { resultsOf, type DataResults } from './results.ts';
import { idOf, odeOf, shapeOf, trainImages, type Run } from './train.ts';

/** Extra channels of the paper's networks. */
const extraChannels: Readonly<Record<DataName, number>> = { mnist: 5, cifar10: 10, svhn: 10 };

export const experiment = defineExperiment({
  name: 'anode-images',
  title: 'NODE and ANODE with equal parameters on images',
  source: 'Dupont, Doucet and Teh 2019, Augmented Neural ODEs, Table 1 and the figures beside it',
  seeds: { full: 5, quick: 2 },
  engine: 'onnx-cpu',
  threads: 2,
  options: {
    datasets: partsOf<DataName>(oneOf('data sets', dataNames, 'mnist'), { full: dataNames, quick: ['mnist'] }),
    epochs: integer('times through the images', { full: 20, quick: 3 }),
    trainImages: integer('images to train on, the first ones; 0 is all', { full: 0, quick: 600 }, { min: 0 }),
    testImages: integer('images to test on, the first ones', { full: 100_000, quick: 500 }),
    pool: integer('images are averaged over squares of so many pixels', { full: 1, quick: 2 }),
    filters: integer('filters of ANODE; NODE has as many as make the parameters equal', { full: 64, quick: 16 }),
    extra: integer('extra channels of ANODE; 0 is the paper’s choice', { full: 0, quick: 2 }, { min: 0 }),
    many: integer('extra channels of a second ANODE; 0 is none', { full: 100, quick: 0 }, { min: 0 }),
    batchSize: integer('images of a batch', { full: 256, quick: 20 }),
    learningRate: real('of Adam', 1e-3),
    tolerance: real('of the solves, relative and absolute', 1e-3),
    autonomous: flag('ODE functions without time: then parameters are those that the paper counts'),
  },
  run: async (options, lab) => {
    const { filters, many } = options;
    const extraOf = (data: DataName): number => (options.extra === 0 ? extraChannels[data] : options.extra);
    const isDone = (data: DataName): boolean =>
      lab.seeds.every((seed) => lab.isDone(idOf(data, { extra: many || extraOf(data), filters }, seed)));
    const results: DataResults[] = [];
    for (const data of dataNames) {
      if (!options.datasets.includes(data) && !isDone(data)) continue;
      const limit = options.trainImages === 0 ? {} : { limit: options.trainImages };
      const found = await findImages(data, { ...lab.data, ...limit });
      if ('missing' in found) {
        results.push({ data, missing: found.missing, runs: [] });
        continue;
      }
      const { images, remark } = found;
      const sizes = { image: shapeOf(images, options.pool), time: !options.autonomous };
      const extra = extraOf(data);
      const matched = matchingFilters(odeOf(lab, options.tolerance), { extra, filters }, sizes);
      const variants: readonly Variant[] = [
        { name: 'NODE', extra: 0, filters: matched },
        { name: 'ANODE', extra, filters },
        ...(many === 0 ? [] : [{ name: 'ANODE, many', extra: many, filters }]),
      ];
      const runs: Run[] = [];
      for (const variant of variants) {
        for (const seed of lab.seeds) runs.push(await trainImages(lab, data, images, variant, seed, options));
      }
      results.push({ data, runs, ...(remark !== undefined && { remark }) });
    }
    return resultsOf(results, options);
  },
});
