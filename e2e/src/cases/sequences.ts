/** Training recurrent networks on padded sequences: every layer of sequences, before and inside an adaptive solve. */
import {
  array,
  createOde,
  pid,
  random,
  valueAndGrad,
  type FloatDType,
  type HostArray,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import {
  applyGradients,
  concatSquash,
  crossEntropy,
  dropout,
  embedding,
  gelu,
  gruCell,
  layerNorm,
  linear,
  lstmCell,
  rnnCell,
  sgd,
  trainState,
  uniform,
  unroll,
  type Cell,
  type CellParams,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { agreement, dtypes, readLeaves, type Case } from './case.ts';
import { learnedTooLittle, trainSteps } from './train-steps.ts';

const steps = 10;
const [time, samples, words, hidden] = [6, 8, 4, 5];

interface Batch {
  /** i32 [time, samples], 0 behind the end of a sentence. */
  readonly tokens: HostArray;
  /** bool [time, samples]: where there is a token. */
  readonly mask: HostArray;
  /** [time, samples, hidden], for dropout. */
  readonly noise: HostArray;
  /** i32 [samples]: whether the last token is one of the last two words. */
  readonly labels: HostArray;
}

function sentences(dtype: FloatDType): Batch {
  const rng = random(11);
  const lengths = Array.from({ length: samples }, (_, i) => 2 + (i % (time - 1)));
  const tokens = lengths.map((length) => Array.from({ length: time }, (_, t) => (t < length ? rng.integer(words) : 0)));
  const alongTime = <T>(of: (sample: number, t: number) => T): T[][] =>
    Array.from({ length: time }, (_, t) => lengths.map((__, sample) => of(sample, t)));
  return {
    tokens: array(
      alongTime((i, t) => tokens[i]?.[t] ?? 0),
      { dtype: 'i32' },
    ),
    mask: array(
      alongTime((i, t) => t < (lengths[i] ?? 0)),
      { dtype: 'bool' },
    ),
    noise: uniform()(rng, [time, samples, hidden], dtype),
    labels: array(
      lengths.map((length, i) => ((tokens[i]?.[length - 1] ?? 0) < words / 2 ? 0 : 1)),
      { dtype: 'i32' },
    ),
  };
}

type MakeCell<State> = (
  inFeatures: number,
  hiddenFeatures: number,
  o: { dtype: FloatDType },
) => Cell<CellParams, State>;

const sequenceCase = <State>(makeCell: MakeCell<State>, dtype: FloatDType): Case => {
  const cell = makeCell(hidden, hidden, { dtype });
  return {
    group: 'sequences',
    name: `${steps} steps of a ${cell.name} and an ODE`,
    dtype,
    prepare: (backend) => {
      const [embed, norm] = [embedding(words, hidden, { dtype }), layerNorm(hidden, { dtype })];
      const [field, head] = [concatSquash(hidden, hidden, { dtype }), linear(hidden, 2, { dtype })];
      const init = (rng: Random) => ({
        embed: embed.init(rng),
        cell: cell.init(rng),
        norm: norm.init(rng),
        field: field.init(rng),
        head: head.init(rng),
      });
      const initial = init(random(4));
      type Params = TensorsOf<typeof initial>;
      const [rtol, atol] = dtype === 'f64' ? [1e-6, 1e-7] : [1e-3, 1e-3];
      const controller = pid({ rtol, atol, firstStep: 0.25 });
      const ode = createOde({ backend, solver: dopri5(), gradient: adjoint(), controller, dtype });
      const optimizer = sgd({ learningRate: 0.2, momentum: 0.9 });

      const logits = (p: Params, { tokens, mask, noise }: TensorsOf<Batch>): Tensor => {
        const inputs = dropout(embed.apply(p.embed, tokens), noise, 0.1);
        const last = cell.output(unroll(cell, p.cell, inputs, { mask }).state);
        const y0 = gelu(norm.apply(p.norm, last));
        const dynamics = (t: Tensor, y: Tensor): Tensor => field.apply(p.field, t, y).tanh();
        return head.apply(p.head, ode.odeint(dynamics, y0, [0, 1]).ys.at(-1));
      };
      const step = ode.compile((state: TrainState<Tensor, Params>, batch: TensorsOf<Batch>) => {
        const loss = (p: Params): Tensor => crossEntropy(logits(p, batch), batch.labels);
        const { value, grad } = valueAndGrad(loss)(state.params);
        return { state: applyGradients(optimizer, state, grad), loss: value };
      });
      const batch = sentences(dtype);
      return async () => {
        const first = await step(trainState(optimizer, initial), batch);
        const { curve, state } = await trainSteps(first, (last) => step(last, batch), steps, dtype);
        return [curve, ...(await readLeaves(state.params))];
      };
    },
    tolerance: agreement[dtype],
    complaint: learnedTooLittle,
  };
};

export const sequenceCases: readonly Case[] = dtypes.flatMap((dtype) => [
  sequenceCase(rnnCell, dtype),
  sequenceCase(gruCell, dtype),
  sequenceCase(lstmCell, dtype),
]);
