/** Continuous against discrete planar flows on unnormalised densities (Chen et al. 2018, Figure 4). */
import { defineExperiment, integer, listOf, oneOf, real, type Lab } from '../lab/index.ts';
import { targetNames, targets, type TargetName } from '../flows/targets.ts';
import { fieldCost, type FieldCost } from './field-cost.ts';
import { figuresOf } from './figures.ts';
import { fitFlow, type Fit, type FitSettings } from './fit.ts';
import { continuousSubject, discreteSubject, logNormalizer } from './subjects.ts';
import { costTable, fieldTable, klTable, notesOf } from './tables.ts';

/** Both flows of one size on one density, one fit for each seed. */
export interface Comparison {
  readonly target: TargetName;
  readonly logZ: number;
  /** M of the continuous flow, K of the discrete one. */
  readonly size: number;
  readonly cnf: readonly Fit[];
  readonly nf: readonly Fit[];
}

/** Widths whose cost is measured. */
const measuredWidths = [2, 8, 32, 128, 512];

export const experiment = defineExperiment({
  name: 'cnf-vs-nf',
  title: 'Continuous against discrete planar flows',
  source: 'Chen et al. 2018, Figure 4',
  seeds: { full: 3, quick: 1 },
  options: {
    steps: integer('updates of each flow', { full: 10_000, quick: 800 }, { min: 50 }),
    batchSize: integer('points in a batch', 256),
    learningRate: real("Adam's rate at the beginning, of a cosine to 0", 0.01),
    sizes: listOf(integer('widths M and depths K', 2), [2, 8, 32]),
    targets: listOf<TargetName>(oneOf('densities', targetNames, 'u1'), ['u1', 'u2', 'u3']),
    points: integer('points of the Monte Carlo estimate', 20_000, { min: 100 }),
  },
  run: async ({ sizes, targets: names, ...settings }, lab) => {
    const comparisons: Comparison[] = [];
    for (const target of names) {
      for (const size of sizes) comparisons.push(await compare(lab, target, size, settings));
    }
    const costs: FieldCost[] = [];
    for (const width of measuredWidths) {
      costs.push(await lab.once(`field-cost/${width}`, () => fieldCost(lab.backend, width)));
    }
    return {
      tables: [klTable(comparisons), costTable(comparisons), fieldTable(costs)],
      figures: figuresOf(comparisons),
      notes: notesOf(comparisons, settings),
    };
  },
});

async function compare(lab: Lab, target: TargetName, size: number, settings: FitSettings): Promise<Comparison> {
  const { energy } = targets[target];
  const logZ = await logNormalizer(lab.backend, energy);
  const fits: Record<'cnf' | 'nf', Fit[]> = { cnf: [], nf: [] };
  for (const seed of lab.seeds) {
    const id = `${target}/${size}/${seed}`;
    fits.cnf.push(
      await lab.once(`cnf/${id}`, () =>
        fitFlow(lab, `cnf/${id}`, continuousSubject(lab.backend, size, energy, logZ), seed, settings),
      ),
    );
    fits.nf.push(
      await lab.once(`nf/${id}`, () => fitFlow(lab, `nf/${id}`, discreteSubject(size, energy, logZ), seed, settings)),
    );
  }
  return { target, logZ, size, ...fits };
}
