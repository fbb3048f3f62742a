/** What a planar field of M functions costs: the velocity with its divergence, by each of the three ways. */
import { compile, random, type Backend, type Tensor, type TensorsOf } from '@node-ode/core';
import { drawNoise, exact, hutchinson, planarField, type PlanarParams } from '@node-ode/model-cnf';

/** Microseconds for 1024 points of the plane: the least of many. */
export interface FieldCost {
  readonly width: number;
  readonly closedForm: number;
  readonly exact: number;
  readonly hutchinson: number;
}

/** Times a field of one width. */
export async function fieldCost(backend: Backend, width: number, samples = 1024): Promise<FieldCost> {
  const field = planarField({ dimension: 2, width });
  const params = field.init(random(0));
  const z = drawNoise('gaussian', random(1), [samples, 2]);
  const time = async (divergence: (p: TensorsOf<PlanarParams>, t: Tensor, z: Tensor) => readonly Tensor[]) => {
    const run = compile(backend, divergence);
    let least = Infinity;
    for (let i = 0; i < 60; i++) {
      const began = performance.now();
      const results = await run(params, 0.5, z);
      least = Math.min(least, (performance.now() - began) * 1000);
      results.forEach((result) => result.dispose());
    }
    run.dispose();
    return least;
  };
  const by =
    (method: ReturnType<typeof exact>) =>
    (p: TensorsOf<PlanarParams>, t: Tensor, x: Tensor): readonly Tensor[] => {
      const { velocity, divergence } = method.measure((y) => field.apply(p, t, y), x, x);
      return [velocity, divergence];
    };
  return {
    width,
    closedForm: await time((p, t, x) => {
      const { velocity, divergence } = field.motion(p, t, x);
      return [velocity, divergence];
    }),
    exact: await time(by(exact())),
    hutchinson: await time(by(hutchinson())),
  };
}
