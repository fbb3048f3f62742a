/** What of a gradient reaches the first layer, by depth: a plain network, a ResNet, an ODE-Net. */
import { array, compile, random, valueAndGrad, type Backend, type HostArray, type Tensor } from '@node-ode/core';
import { crossEntropy } from '@node-ode/nn';
import { lineChart, type Figure } from '@node-ode/viz';
import { defineExperiment, integer, spread, type Cell } from '../lab/index.ts';
import { deepNetwork, kinds, type Kind, type Sizes } from './networks.ts';

const activations = ['sigmoid', 'relu'] as const;
type ActivationOfRow = (typeof activations)[number];

/** Norms of the first layer's gradient, one for each seed. */
interface Point {
  readonly kind: Kind;
  readonly activation: ActivationOfRow;
  readonly depth: number;
  readonly norms: readonly number[];
}

export const experiment = defineExperiment({
  name: 'gradient-depth',
  title: 'The gradient at the first layer against depth: plain network, ResNet, ODE-Net',
  source: 'He et al. 2015 (arXiv:1512.03385), section 1; Chen et al. 2018, equations 1 and 2',
  seeds: { full: 10, quick: 3 },
  options: {
    doublings: integer('depths are 1, 2, 4, … 2 to this', { full: 8, quick: 6 }, { max: 9 }),
    width: integer('units of a layer', 32),
    samples: integer('inputs in a batch', 64),
  },
  run: async ({ doublings, width, samples }, lab) => {
    const depths = Array.from({ length: doublings + 1 }, (_, k) => 2 ** k);
    const sizes: Sizes = { features: 16, width, outputs: 10 };
    const points: Point[] = [];
    for (const activation of activations) {
      for (const kind of kinds) {
        for (const depth of depths) {
          lab.signal.throwIfAborted();
          const norms = await lab.once(`${activation}/${kind}/${depth}/${lab.seeds.length}`, () =>
            normsOf(lab.backend, lab.seeds, { kind, activation, depth }, sizes, samples),
          );
          points.push({ kind, activation, depth, norms });
        }
      }
    }
    const columnsOf = activations.flatMap((activation) => kinds.map((kind) => ({ activation, kind })));
    return {
      tables: [
        {
          columns: ['depth', ...columnsOf.map(({ activation, kind }) => `${kind}, ${activation}`)],
          rows: depths.map((depth): readonly Cell[] => [
            depth,
            ...columnsOf.map((of) => exponential(pointOf(points, { ...of, depth }).norms)),
          ]),
        },
      ],
      figures: activations.map((activation) => ({
        name: activation,
        figure: figure(points, activation),
        caption: `The norm of the gradient for the first layer's weights at the start of training, ${activation}: geometric mean over seeds.`,
      })),
      notes: [
        `Norm of the gradient of the cross-entropy for the weights of the first, linear layer (16 inputs to ${width} units), before any training: ${samples} normal inputs, ten classes at random, PyTorch's initialisation, double precision. Geometric mean over seeds, and the factor by which they deviate.`,
        "Depth is the number of layers; of the ODE-Net, whose layers share one set of weights, the number of Euler steps from t = 0 to 1: more of them solve the same equation more accurately, so that its gradient tends to the equation's own.",
      ],
      data: { points },
    };
  },
});

/** The norm for each seed. */
async function normsOf(
  backend: Backend,
  seeds: readonly number[],
  { kind, activation, depth }: Omit<Point, 'norms'>,
  sizes: Sizes,
  samples: number,
): Promise<readonly number[]> {
  const model = deepNetwork(backend, kind, sizes, depth, activation);
  type Params = Parameters<typeof model.apply>[0];
  const run = compile(backend, (params: Params, x: Tensor, label: Tensor) =>
    valueAndGrad((p: Params) => crossEntropy(model.apply(p, x), label))(params)
      .grad.stem.weight.square()
      .sum()
      .sqrt(),
  );
  const norms: number[] = [];
  for (const seed of seeds) {
    const { x, label } = batch(seed, sizes, samples);
    const norm = await run(model.init(random(seed)), x, label);
    norms.push((await norm.read()).data[0] ?? NaN);
    norm.dispose();
  }
  run.dispose();
  return norms;
}

function batch(seed: number, { features, outputs }: Sizes, samples: number): { x: HostArray; label: HostArray } {
  const rng = random(seed + 1000);
  return {
    x: array(
      Float64Array.from({ length: samples * features }, () => rng.normal()),
      { shape: [samples, features], dtype: 'f64' },
    ),
    label: array(
      Array.from({ length: samples }, () => rng.integer(outputs)),
      { dtype: 'i32' },
    ),
  };
}

function pointOf(points: readonly Point[], { kind, activation, depth }: Omit<Point, 'norms'>): Point {
  const found = points.find((p) => p.kind === kind && p.activation === activation && p.depth === depth);
  return found ?? { kind, activation, depth, norms: [] };
}

/** The geometric mean, and the factor that one standard deviation of the logarithms is. */
function geometric(norms: readonly number[]): { readonly mean: number; readonly factor: number } {
  const { mean, std = 0 } = spread(norms.map((norm) => Math.log(norm)));
  return { mean: Math.exp(mean), factor: Math.exp(std) };
}

const exponential = (norms: readonly number[]): string => {
  const { mean, factor } = geometric(norms);
  return `${mean.toExponential(1)} ×÷ ${factor.toFixed(1)}`;
};

const figure = (points: readonly Point[], activation: ActivationOfRow): Figure =>
  lineChart({
    title: `Gradient at the first layer, ${activation}`,
    width: 620,
    height: 420,
    x: { label: 'depth', scale: 'log' },
    y: { label: 'norm of the gradient', scale: 'log' },
    series: kinds.map((kind) => {
      const own = points.filter((point) => point.kind === kind && point.activation === activation);
      return {
        name: kind,
        x: own.map(({ depth }) => depth),
        y: own.map(({ norms }) => geometric(norms).mean),
        points: true,
        line: true,
      };
    }),
  });
