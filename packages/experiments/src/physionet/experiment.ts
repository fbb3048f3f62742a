/** Finding hidden observations of stays in intensive care. */
import type { HostArray } from '@node-ode/core';
import { defineExperiment, integer, real, spread, type Cell, type Lab } from '../lab/index.ts';
import { lastValue, lineBetween } from './baselines.ts';
import { farthest, hideForTest, loadStays, type Stays } from './data.ts';
import { drawnOf, stayFigure, type Drawn } from './figures.ts';
import { idOf, modelNames, trained, type ModelName, type Settings } from './models.ts';
import { scoreOf, type Score } from './score.ts';

/** A trained model on the stays to test on. */
interface Evaluation {
  readonly score: Score;
  readonly drawn: readonly Drawn[];
}

async function evaluate(
  lab: Lab,
  name: ModelName,
  settings: Settings,
  seed: number,
  { train, test, parameters, shareOfRange }: Stays,
): Promise<Evaluation> {
  const predict = await trained(lab, name, settings, seed, train);
  const { seen, hidden } = hideForTest(test.mask, settings.share);
  const predicted = await predict({ ...test, mask: seen });
  return {
    score: scoreOf(predicted, test.y, hidden, shareOfRange),
    drawn: drawnOf(test, { seen, hidden }, parameters, { [name]: predicted }),
  };
}

export const experiment = defineExperiment({
  name: 'physionet',
  title: 'Finding hidden observations of stays in intensive care',
  source: 'Rubanova et al. 2019, interpolation on PhysioNet 2012',
  seeds: { full: 3, quick: 1 },
  options: {
    records: integer('records, of which a fifth is tested on', 1000, { min: 100 }),
    steps: integer('training steps', { full: 6000, quick: 400 }),
    batchSize: integer('records in a step', 50),
    learningRate: real('learning rate at the start', 1e-2),
    hidden: integer('features of recurrent states and hidden layers', 40),
    latent: integer('components of the latent state', 20),
    share: real('share of the observed hours that is hidden', 0.3, { max: 0.9 }),
  },
  run: async ({ records, ...settings }, lab) => {
    const stays = await loadStays(lab.data, records);
    const evaluations: Record<string, Evaluation[]> = {};
    for (const name of modelNames) {
      const ofSeeds: Evaluation[] = [];
      for (const seed of lab.seeds) {
        ofSeeds.push(await lab.once(idOf(name, seed), () => evaluate(lab, name, settings, seed, stays)));
      }
      evaluations[name] = ofSeeds;
    }
    const rows = [
      ...Object.entries(evaluations).map(([name, all]) => rowOf(name, ...all.map(({ score }) => score))),
      ...untrained(stays, settings.share),
    ];
    return {
      tables: [
        {
          title: 'Mean squared error of hidden values',
          columns: ['model', 'in deviations, squared', 'in ranges, squared, × 10⁻³'],
          rows,
        },
      ],
      figures: [
        {
          name: 'stay',
          figure: stayFigure(together(Object.values(evaluations).flatMap(([first]) => first?.drawn ?? []))),
          caption: 'What the models of seed 0 say of one stay: observations seen and hidden, means over all hours.',
        },
      ],
      notes: notesOf(stays, settings.share),
    };
  },
});

const rowOf = (name: string, ...scores: readonly Score[]): readonly Cell[] => [
  name,
  spread(scores.map(({ deviations }) => deviations)),
  spread(scores.map(({ ranges }) => 1000 * ranges)),
];

function untrained({ test, shareOfRange }: Stays, share: number): (readonly Cell[])[] {
  const { seen, hidden } = hideForTest(test.mask, share);
  const records = { ...test, mask: seen };
  const score = (predicted: HostArray): Score => scoreOf(predicted, test.y, hidden, shareOfRange);
  const mean = { ...test.y, data: new Float32Array(test.y.data.length) };
  return [
    rowOf('the mean of the parameter', score(mean)),
    rowOf('the value seen before', score(lastValue(records))),
    rowOf('the line between values seen on both sides', score(lineBetween(records))),
  ];
}

/** What several models say of the same parameters. */
function together(all: readonly Drawn[]): readonly Drawn[] {
  const byParameter = new Map<string, Drawn>();
  for (const one of all) {
    const { models = {} } = byParameter.get(one.parameter) ?? {};
    byParameter.set(one.parameter, { ...one, models: { ...models, ...one.models } });
  }
  return [...byParameter.values()];
}

const notesOf = ({ leftOut, values, train, test }: Stays, share: number): readonly string[] => [
  `${train.y.shape[0]} records to train on, ${test.y.shape[0]} to test on, of the 1000 of set A that are at hand; the paper has 8000, another split and another choice of what is hidden, so that its numbers (in ranges) are not beside these. Observations are rounded to the hour, and standardised by the records to train on. ${leftOut} of ${values} values, further from their mean than ${farthest} deviations, are left out as errors of the record.`,
  `Of the hours at which a stay has observations ${100 * share} % are hidden whole, never the first and the last; models see the others. In training hours are hidden anew in each step. The latent ODE infers a stay’s state at admission from all that is seen, and explains everything by it; the RNN predicts each hour from those before it, so that it sees less, and yet nothing has to pass through one latent state.`,
];
