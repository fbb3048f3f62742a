import { reference } from '@node-ode/backend-reference';
import { array, compile, createOde, OptionError, random, type Tensor, type TensorsOf } from '@node-ode/core';
import { euler } from '@node-ode/solver-euler';
import { testModel } from '@node-ode/testkit';
import { describe, expect, it } from 'vitest';
import { anode } from './anode.ts';
import { residualNet, type ResidualNetParams } from './residual-net.ts';

const dtype = 'f64';
const backend = reference();
type P = TensorsOf<ResidualNetParams>;

testModel(() => residualNet({ features: 2, blocks: 3, hidden: 4, outputs: 1, activation: 'tanh' }), {
  input: (rng) => array([0, 1, 2].map(() => [rng.normal(), rng.normal()])),
  outputShapes: [[3, 1]],
  tolerance: 1e-9, // a smooth function: the differences' own error
  elements: 100,
});

const x = array([[0.3, -1], [2, 0.5]], { dtype }); // prettier-ignore

describe('a residual network', () => {
  it('with one function for all blocks is Euler’s method for the flow, bit for bit', async () => {
    const ode = createOde({ backend, solver: euler(), h: 0.25, dtype });
    const flow = anode({ features: 2, extra: 0, hidden: 5, time: false, ode, dtype });
    const { field } = flow.init(random(1));
    const net = residualNet({ features: 2, blocks: 4, hidden: 5, step: 0.25, dtype });
    const states = await compile(backend, (p: P, input: Tensor) => net.states(p, input))(
      { blocks: [field, field, field, field] },
      x,
    );
    const { ys } = await ode.compile((p: TensorsOf<{ field: typeof field }>, input: Tensor) =>
      flow.solve(p, input, [0, 0.25, 0.5, 0.75, 1]),
    )({ field }, x);
    expect((await states.read()).shape).toEqual([5, 2, 2]);
    expect((await states.read()).data).toEqual((await ys.read()).data);
  });

  it('may cross: one block takes ±1 to ∓1', async () => {
    const net = residualNet({ features: 1, blocks: 1, hidden: 2, dtype });
    const params = {
      blocks: [
        [
          { weight: array([[1, -1]], { dtype }) },
          { weight: array([[1, 0], [0, 1]], { dtype }) }, // prettier-ignore
          { weight: array([[-2], [2]], { dtype }) },
        ],
      ],
    } satisfies ResidualNetParams;
    const y = await compile(backend, (p: P, input: Tensor) => net.apply(p, input))(
      params,
      array([[-1], [1]], { dtype }),
    );
    expect(Array.from((await y.read()).data)).toEqual([1, -1]);
  });

  it('is refused where it can be none', async () => {
    expect(() => residualNet({ features: 2, blocks: 0 })).toThrow(OptionError);
    expect(() => residualNet({ features: 2, step: 0 })).toThrow('residualNet: 5 blocks of step 0');
    const net = residualNet({ features: 2, blocks: 2, hidden: 3, dtype });
    const { blocks } = net.init(random(0));
    const apply = compile(backend, (p: P, input: Tensor) => net.apply(p, input));
    await expect(apply({ blocks: blocks.slice(1) }, x)).rejects.toThrow(
      'residualNet: parameters of 1 blocks; expected 2',
    );
    const withHead = residualNet({ features: 2, blocks: 2, hidden: 3, outputs: 1, dtype });
    await expect(compile(backend, (p: P, input: Tensor) => withHead.apply(p, input))({ blocks }, x)).rejects.toThrow(
      'residualNet: parameters without head',
    );
  });
});
