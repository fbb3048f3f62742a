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
  const { tolerance, dtype } = subject;
  const gradients = { rtol: tolerance, atol: tolerance };
  // In f32 rounding has a part in the choice of the steps, which moves the values within the tolerance of the solve.
  const values = dtype === 'f64' ? asAlone.f64.values : gradients;
  await demandSamplesAsAlone(name, { ode: tightOde(subject), dtype }, { values, gradients });
}
