/** Gradients of solves with steps for each sample. */
import { check, type Check } from '../support/check.ts';
import { asAlone, demandSamplesAsAlone } from '../support/sample-solves.ts';
import { tightOde, type GradientSubject } from './subject.ts';

export function perSampleChecks(subject: GradientSubject): readonly Check[] {
  return [check('has the gradients of each sample alone, if it says so', () => hasGradientsAsAlone(subject))];
}

async function hasGradientsAsAlone(subject: GradientSubject): Promise<void> {
  const { name, perSample } = subject.make();
  if (perSample !== true) return;
  const { tolerance } = subject;
  const gradients = { rtol: tolerance, atol: tolerance };
  await demandSamplesAsAlone(name, tightOde(subject), { values: asAlone.values, gradients });
}
