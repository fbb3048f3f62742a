/** A third party's model: rows flow along dy/dt = y·A from t = 0 to 1, and are read out. */
import { array, matmul } from '@node-ode/core';
import type { HostArray, Model, ModelPlugin, NumberBatch, TableSetup, Tensor } from '@node-ode/core';

export interface LinearFlowParams {
  readonly matrix: HostArray;
  readonly readout: HostArray;
}

export type LinearFlow = Required<Model<LinearFlowParams, Tensor, Tensor, NumberBatch>>;

/** The model for rows of so many features. */
export function linearFlowModel({ ode, dtype, features, outputs }: TableSetup): LinearFlow {
  const apply: LinearFlow['apply'] = ({ matrix, readout }, x) =>
    matmul(ode.odeint((_t, y: Tensor) => matmul(y, matrix), x, [0, 1]).ys.at(-1), readout);
  return {
    name: 'linear-flow',
    init: (random) => {
      const drawn = (shape: readonly [number, number]): HostArray =>
        array(
          Array.from({ length: shape[0] * shape[1] }, () => 0.1 * random.normal()),
          { shape, dtype },
        );
      return { matrix: drawn([features, features]), readout: drawn([features, outputs]) };
    },
    apply,
    loss: (params, { x, y }) => apply(params, x).sub(y).square().mean(),
  };
}

/** The model for data that only the user knows. */
export const linearFlow = (): ModelPlugin => ({
  name: 'linear-flow',
  makes: { regression: (setup) => linearFlowModel(setup) },
});
