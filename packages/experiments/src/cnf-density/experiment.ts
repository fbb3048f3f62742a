/** Flows that learn densities from samples, and the flow in time (Chen et al. 2018, Figure 5). */
import { dataNames, planeData, type DataName } from '../flows/data.ts';
import { defineExperiment, integer, oneOf, partsOf, real } from '../lab/index.ts';
import { densityFigures } from './figures.ts';
import { fitDensity, type Fit } from './fit.ts';
import { modelNames, withModel, type ModelName } from './models.ts';
import { densityNotes, densityTable } from './tables.ts';

/** All fits to one density, by flow. */
export interface DensityFits {
  readonly data: DataName;
  readonly fits: readonly { readonly model: ModelName; readonly fits: readonly Fit[] }[];
}

export const experiment = defineExperiment({
  name: 'cnf-density',
  title: 'Densities from samples, by continuous flows',
  source: 'Chen et al. 2018, Figure 5',
  seeds: { full: 3, quick: 1 },
  options: {
    steps: integer('updates of each flow', { full: 10_000, quick: 2000 }, { min: 2 }),
    batchSize: integer('points in a batch', { full: 512, quick: 128 }),
    learningRate: real("Adam's rate at the beginning, of a cosine to 0", 0.01),
    width: integer('width M of the continuous flows, depth K of the discrete one', { full: 64, quick: 32 }),
    densities: partsOf<DataName>(oneOf('densities', dataNames, 'two-circles'), {
      full: dataNames,
      quick: ['two-circles', 'two-moons'],
    }),
    models: partsOf<ModelName>(oneOf('flows', modelNames, 'cnf'), {
      full: modelNames,
      quick: ['cnf', 'augmented', 'nf'],
    }),
    points: integer('points that the likelihood is measured on', { full: 10_000, quick: 2000 }, { min: 100 }),
  },
  run: async ({ densities, models, width, ...settings }, lab) => {
    const idOf = (data: DataName, model: ModelName, seed: number): string => `${data}/${model}/${seed}`;
    const isShown = (data: DataName, model: ModelName): boolean =>
      (densities.includes(data) && models.includes(model)) ||
      lab.seeds.every((seed) => lab.isDone(idOf(data, model, seed)));
    const all: DensityFits[] = [];
    for (const data of dataNames) {
      const shown = modelNames.filter((model) => isShown(data, model));
      if (shown.length === 0) continue;
      const ofData: { model: ModelName; fits: readonly Fit[] }[] = [];
      for (const model of shown) {
        const fits: Fit[] = [];
        for (const seed of lab.seeds) {
          const id = idOf(data, model, seed);
          fits.push(
            await lab.once(id, () =>
              withModel(model, lab.backend, width, (subject) =>
                fitDensity(lab, id, subject, planeData[data], seed, settings, seed === lab.seeds[0]),
              ),
            ),
          );
        }
        ofData.push({ model, fits });
      }
      all.push({ data, fits: ofData });
    }
    return {
      tables: [densityTable(all, width)],
      figures: densityFigures(all),
      notes: densityNotes(settings),
    };
  },
});
