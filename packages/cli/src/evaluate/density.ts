/** Densities, evaluated. */
import { random, type HostArray } from '@node-ode/core';
import { inMemory } from '@node-ode/datasets';
import type { DensityInfo, DensityProblem } from '../data/problem.ts';
import { densityModel } from '../learn/models.ts';
import { leavesOf } from '../learn/step.ts';
import { paramsFor } from '../trained/model-file.ts';
import type { TaskEvaluation } from './evaluate.ts';
import { runnerOf, type Loaded, type Runner } from './loaded.ts';
import { evaluationBatch, gathered, runBatches, splitNamed } from './table.ts';

/** Points to log densities, in the model's units. */
export interface DensityRunner extends Runner {
  /** What a run takes for points [samples, dimension]. */
  inputsOf(x: HostArray): readonly HostArray[];
}

/** log p of points; the noise of estimated traces is always the same. */
export function densityRunner(info: DensityInfo, loaded: Loaded): DensityRunner {
  const model = densityModel(info, loaded);
  const noiseFor = (samples: number) => leavesOf('noise', model.noise?.(random(0), samples) ?? {});
  const { structure } = noiseFor(1);
  const runner = runnerOf(loaded.ode, paramsFor(model, loaded.stored), (params, [x, ...noise]) => [
    model.logProb(params, x!, structure.rebuild(noise)),
  ]);
  return { ...runner, inputsOf: (x) => [x, ...noiseFor(x.shape[0] ?? 0).leaves] };
}

/** What log densities lose when points are scaled back: Σ log σ. */
export const logVolume = ({ scale }: DensityInfo): number => scale.std.reduce((sum, std) => sum + Math.log(std), 0);

/** The mean log-likelihood of points in their own units. */
export async function evaluateDensity(problem: DensityProblem, loaded: Loaded, split: string): Promise<TaskEvaluation> {
  const { info } = loaded.stored;
  if (info.task !== 'density') throw new TypeError(info.task);
  const { x } = splitNamed(problem.splits, split);
  const runner = densityRunner(info, loaded);
  try {
    const batches = inMemory('points', { points: [x] }).batches('points', { batchSize: evaluationBatch });
    const inputs = Array.from(batches, ([points]) => runner.inputsOf(points!));
    const { outputs, nfe, seconds } = await runBatches(runner, inputs);
    const values = gathered(outputs);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length - logVolume(info);
    return { samples: values.length, scores: { logLikelihood: mean }, nfe, seconds };
  } finally {
    runner.dispose();
  }
}
