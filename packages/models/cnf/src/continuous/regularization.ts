/** Kinetic and Jacobian regularisation: RNODE (Finlay et al. 2020). */
import { OptionError, type Tensor } from '@node-ode/core';

/** What is integrated along the path of a point: ‖f‖², or the squared Frobenius norm of ∂f/∂z. */
export type Cost = 'kinetic' | 'jacobian';

/** Costs that have a weight, and how their integrals become part of a loss. */
export interface Regularizer {
  readonly costs: readonly Cost[];
  /** The loss with the weighted means over points; `direction` is −1 where the integrals were made backwards in time. */
  add(loss: Tensor, integrals: readonly Tensor[], direction: 1 | -1): Tensor;
}

const names: readonly Cost[] = ['kinetic', 'jacobian'];

/** @throws OptionError for a weight that is negative or not finite, or of a cost that is not known. */
export function regularizer(weights: Readonly<Partial<Record<Cost, number>>>): Regularizer {
  const isKnown = (name: string): boolean => names.some((cost) => cost === name);
  for (const [name, weight] of Object.entries(weights)) {
    if (isKnown(name) && Number.isFinite(weight) && weight >= 0) continue;
    throw new OptionError('cnf', `regularization.${name} is ${weight}`, {
      expected: 'kinetic or jacobian, and a finite number that is not negative',
    });
  }
  const costs = names.filter((cost) => (weights[cost] ?? 0) > 0);
  return {
    costs,
    add: (loss, integrals, direction) =>
      costs.reduce((sum, cost, i) => {
        const integral = integrals[i];
        return integral === undefined ? sum : sum.add(integral.mean().mul(direction * (weights[cost] ?? 0)));
      }, loss),
  };
}
