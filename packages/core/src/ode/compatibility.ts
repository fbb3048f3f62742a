/** Which plugins work together: checked where they are put together, with the reason. */
import { CompositionError, ShapeError, UnsupportedError } from '../errors.ts';
import { formatType, type Shape } from '../graph/graph.ts';
import type { GradientMethod } from './gradient-method.ts';
import type { Leaves, Solver } from './solver.ts';
import type { StepController } from './step-controller.ts';

/** @throws CompositionError if the parts do not work together. */
export function requireCompatible(solver: Solver, controller: StepController): void {
  if (controller.needsErrorEstimate && !solver.hasErrorEstimate) {
    throw new CompositionError(
      'createOde',
      `controller '${controller.name}' needs an error estimate and solver '${solver.name}' gives none`,
      {
        advice: 'Use constantStep({ h }), or a solver with an embedded error estimate such as dopri5, tsit5 or bosh3.',
      },
    );
  }
  if (solver.needsUniformStep && !controller.isUniform) {
    throw new CompositionError(
      'createOde',
      `solver '${solver.name}' needs steps of one size and controller '${controller.name}' changes them`,
      {
        advice: 'Use constantStep({ h }).',
      },
    );
  }
}

/** @throws CompositionError if one of the parts does not work with steps for each sample. */
export function requirePerSample(parts: {
  readonly solver: Solver;
  readonly controller: StepController;
  readonly gradient: GradientMethod;
}): void {
  for (const part of ['solver', 'controller', 'gradient'] as const) {
    if (parts[part].perSample === true) continue;
    const name = part === 'gradient' ? 'gradient method' : part;
    throw new CompositionError(
      'createOde',
      `perSample with ${name} '${parts[part].name}', which takes all samples at one time`,
      {
        expected: `a ${name} with the capability perSample`,
        advice: 'Leave perSample out: all samples then share their times and steps.',
      },
    );
  }
}

/** @throws UnsupportedError or CompositionError if events can't end a solve of this kind. */
export function requireEvents(gradient: GradientMethod, perSample: boolean): void {
  if (perSample) {
    throw new UnsupportedError('odeint', 'event together with perSample', {
      expected: 'one of them',
      advice: 'An event ends the solve of all samples: solve samples that end apart one by one.',
    });
  }
  if (gradient.handlesEvents === true) return;
  throw new CompositionError('odeint', `event with gradient method '${gradient.name}', which does not handle them`, {
    expected: 'a gradient method with the capability handlesEvents',
    advice: 'backprop(), checkpointed(), adjoint() and interpolatingAdjoint() have it.',
  });
}

/** @throws ShapeError if part of what is carried for each sample has no place for each. */
export function requireSamples(name: string, leaves: Leaves, lanes: Shape): void {
  const leaf = leaves.find(
    ({ shape }) => shape.length < lanes.length || lanes.some((extent, i) => shape[i] !== extent),
  );
  if (leaf === undefined) return;
  throw new ShapeError('odeint', `${name} carries ${formatType(leaf.type)}`, {
    expected: `shapes that begin with the ${lanes.join(', ')} samples`,
    advice: 'With steps for each sample every sample has a state of its own.',
  });
}
