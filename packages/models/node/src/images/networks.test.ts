/** The image networks: sizes, PyTorch's numbers, gradients, and what does not fit. */
import { readFileSync } from 'node:fs';
import { reference } from '@node-ode/backend-reference';
import {
  array,
  compile,
  flattenTree,
  isHostArray,
  OptionError,
  random,
  ShapeError,
  valueAndGrad,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { testModel } from '@node-ode/testkit';
import { describe, expect, it } from 'vitest';
import { adaptive, fixedSteps, ofBatches, stripes } from '../../test/harness.ts';
import { classifier, cnn, imageOdeNet, imageResNet, perceptron, withoutBlock } from '../index.ts';

const ode = fixedSteps();
const mnist = { channels: 1, outputs: 10 } as const;
const small = { channels: 1, outputs: 2, width: 4, groups: 2 } as const;

const countOf = ({ init }: { init(rng: ReturnType<typeof random>): unknown }): number =>
  flattenTree('count', init(random(0)), isHostArray).leaves.reduce((sum, { data }) => sum + data.length, 0);

describe('parameters for MNIST', () => {
  // Table 1 of Chen et al. 2018 has 0.24 M, 0.60 M and 0.22 M: the ResNet is that of the residual stem, the ODE-Net is between ours.
  it.each([
    ['perceptron', perceptron({ features: 784, outputs: 10 }), 238_510],
    ['ResNet, residual stem', imageResNet({ ...mnist, stem: 'residual' }), 601_482],
    ['ResNet, convolutional stem', imageResNet(mnist), 576_778],
    ['ODE-Net, residual stem', imageOdeNet({ ...mnist, ode, stem: 'residual' }), 232_970],
    ['ODE-Net, convolutional stem', imageOdeNet({ ...mnist, ode }), 208_266],
    ['ODE-Net without its block', withoutBlock(imageOdeNet({ ...mnist, ode })), 132_874],
    ['CNN', cnn({ image: [1, 28, 28], outputs: 10 }), 421_642],
  ])('%s', (_, model, count) => {
    expect(countOf(model)).toBe(count);
  });
});

describe('as PyTorch has them', () => {
  interface Reference {
    readonly stem: 'convolutional' | 'residual';
    readonly block: 'ode' | 'residual';
    readonly logits: readonly (readonly number[])[];
    readonly loss: number;
    readonly gradientNorms: Readonly<Record<string, number>>;
  }
  const references = JSON.parse(
    readFileSync(new URL('networks-reference.json', import.meta.url), 'utf8'),
  ) as readonly Reference[];

  /** As tools/references/odenet.py makes them. */
  const pattern = (shape: readonly number[], offset: number, plus = 0, scale = 1): HostArray => {
    const length = shape.reduce((product, extent) => product * extent, 1);
    const at = (i: number): number => (((5 * i + 3 + offset) % 13) - 6) / 16;
    return array(
      Float64Array.from({ length }, (_, i) => scale * at(i) + plus),
      { shape, dtype: 'f64' },
    );
  };
  const charCodes = (text: string): number => Array.from(text).reduce((sum, c) => sum + c.charCodeAt(0), 0);

  it.each(references)('$stem stem, $block block', async ({ stem, block, logits, loss, gradientNorms }) => {
    const options = { ...small, outputs: 3, stem, dtype: 'f64' } as const;
    const net =
      block === 'ode'
        ? classifier(imageOdeNet({ ...options, ode }))
        : classifier(imageResNet({ ...options, blocks: 2 }));
    const { leaves, structure } = flattenTree('params', net.init(random(0)), isHostArray);
    const patterns = leaves.map(({ shape }, i) => {
      const path = structure.paths[i] ?? '';
      return pattern(shape, charCodes(path), /norm\d?\.weight$/.test(path) ? 1 : 0);
    });
    const run = compile(reference(), (weights: readonly Tensor[], x: Tensor, label: Tensor) => {
      const paramsOf = (tensors: readonly Tensor[]) => structure.rebuild(tensors) as never;
      const { value, grad } = valueAndGrad((tensors: readonly Tensor[]) => net.loss(paramsOf(tensors), { x, label }))(
        weights,
      );
      return { logits: net.apply(paramsOf(weights), x), value, norms: grad.map((g) => g.square().sum().sqrt()) };
    });
    const result = await run(patterns, pattern([2, 1, 12, 12], 0, 0, 2), array([2, 0], { dtype: 'i32' }));
    // Sums of a few hundred products in doubles, in another order.
    const near = (actual: number | undefined, expected: number | undefined): void => {
      expect(Math.abs((actual ?? NaN) - (expected ?? NaN))).toBeLessThan(1e-12);
    };
    const found = (await result.logits.read()).data;
    expect(found).toHaveLength(6);
    logits.flat().forEach((expected, i) => near(found[i], expected));
    near((await result.value.read()).data[0], loss);
    expect([...structure.paths].sort()).toEqual(Object.keys(gradientNorms).sort());
    for (const [i, path] of structure.paths.entries()) {
      near((await result.norms[i]?.read())?.data[0], gradientNorms[path]);
    }
  });
});

const input = () => stripes(2);
const suite = { input, outputShapes: [[2, 2]], elements: 4 };
// A smooth activation: differences across the corner of relu are not its derivative.
const smooth = { ...small, activation: 'softplus' } as const;
testModel(() => ofBatches(classifier(imageOdeNet({ ...smooth, ode }))), suite);
testModel(() => ofBatches(classifier(imageOdeNet({ ...smooth, ode, stem: 'residual' }))), suite);
testModel(() => ofBatches(classifier(imageResNet({ ...smooth, blocks: 2 }))), suite);
testModel(() => ofBatches(classifier(withoutBlock(imageOdeNet({ ...smooth, ode })))), suite);
// Few windows, in none of which two are so near that differences would exchange the largest.
testModel(
  () => ofBatches(classifier(cnn({ image: [1, 4, 4], outputs: 2, widths: [3, 4], hidden: 5, activation: 'tanh' }))),
  {
    ...suite,
    input: (rng) => ({
      x: array(
        Float32Array.from({ length: 32 }, () => rng.normal()),
        { shape: [2, 1, 4, 4] },
      ),
      label: array([0, 1], { dtype: 'i32' }),
    }),
  },
);
testModel(
  () => ofBatches(classifier(perceptron({ features: 144, outputs: 2, hidden: [5], activation: 'tanh' }))),
  suite,
);

describe('RK-Net and ODE-Net', () => {
  const options = { ...smooth, dtype: 'f64', solve: { rtol: 1e-9, atol: 1e-9 } } as const;
  const { x, label } = stripes(4);
  const x64 = array(x.data, { shape: x.shape, dtype: 'f64' });

  it('have one gradient, by backprop and by the adjoint', async () => {
    const gradientOf = async (method: ReturnType<typeof adjoint>): Promise<readonly number[]> => {
      const net = classifier(imageOdeNet({ ...options, ode: adaptive(reference(), method) }));
      const params = net.init(random(3));
      const run = compile(
        reference(),
        (p: TensorsOf<typeof params>, images: Tensor, labels: Tensor) =>
          valueAndGrad((q: TensorsOf<typeof params>) => net.loss(q, { x: images, label: labels }))(p).grad.block.conv1
            .weight,
      );
      return Array.from((await (await run(params, x64, label)).read()).data);
    };
    const [byAdjoint, byBackprop] = [await gradientOf(adjoint()), await gradientOf(backprop())];
    const largest = Math.max(...byBackprop.map(Math.abs));
    expect(largest).toBeGreaterThan(1e-3);
    // Both are off by the tolerance of the solves.
    byAdjoint.forEach((g, i) => expect(Math.abs(g - (byBackprop[i] ?? NaN))).toBeLessThan(1e-6 * largest));
  });

  it('tell what the solver did, and give the features on the way', async () => {
    const net = imageOdeNet({ ...small, ode: adaptive() });
    const params = net.init(random(3));
    const run = compile(reference(), (p: TensorsOf<typeof params>, images: Tensor) => {
      const { ys, stats } = net.block.solve(p.block, net.stem.apply(p.stem, images), [0, 0.5, 1]);
      return { ys, nfe: stats.nfe, logits: net.head.apply(p.head, ys.at(-1)), whole: net.apply(p, images) };
    });
    const { result, stats } = await run.run(params, x);
    expect(result.ys.shape).toEqual([3, 4, 4, 2, 2]);
    expect((await result.logits.read()).data).toEqual((await result.whole.read()).data);
    const nfe = (await result.nfe.read()).data[0] ?? NaN;
    expect(nfe).toBeGreaterThan(7);
    expect(stats.nfe).toBe(2 * nfe);
  });
});

describe('without a block', () => {
  it('is stem and head, with or without a depth of 0', async () => {
    const net = withoutBlock(imageOdeNet({ ...small, ode }));
    expect(net.name).toBe('imageOdeNet without its block');
    const flat = imageResNet({ ...small, blocks: 0 });
    const params = net.init(random(1));
    const run = compile(reference(), (p: TensorsOf<typeof params>, x: Tensor) => ({
      net: net.apply(p, x),
      flat: flat.apply(p, x),
      parts: net.head.apply(p.head, net.stem.apply(p.stem, x)),
    }));
    const result = await run(params, stripes(3).x);
    const expected = (await result.parts.read()).data;
    expect((await result.net.read()).data).toEqual(expected);
    expect((await result.flat.read()).data).toEqual(expected);
  });
});

describe('what does not fit', () => {
  it('is refused with the reason', async () => {
    const stem = (kind: string): unknown => imageResNet({ ...small, stem: kind as 'residual' });
    expect(() => stem('dense')).toThrow("stem: 'dense'; expected 'convolutional' or 'residual'.");
    expect(() => imageResNet({ ...small, blocks: -1 })).toThrow(OptionError);
    expect(() => imageResNet({ ...mnist, width: 48 })).toThrow('groupNorm: 32 groups of 48 channels');
    expect(() => imageOdeNet({ ...small, ode, t1: 0 })).toThrow('neuralOde: t0 0 and t1 0');
    expect(() => cnn({ image: [1, 3, 12], outputs: 2 })).toThrow('cnn: images [1, 3, 12] with 2 poolings');
    const apply = async (model: ReturnType<typeof cnn>, x: HostArray): Promise<unknown> => {
      const params = model.init(random(0));
      return compile(reference(), (p: TensorsOf<typeof params>, images: Tensor) => model.apply(p, images))(params, x);
    };
    await expect(apply(cnn({ image: [1, 28, 28], outputs: 2 }), stripes(2).x)).rejects.toThrow(
      'cnn: images [2, 1, 12, 12]; expected [samples, 1, 28, 28].',
    );
    const resNet = imageResNet({ ...small, channels: 3 });
    const params = resNet.init(random(0));
    const run = compile(reference(), (p: TensorsOf<typeof params>, x: Tensor) => resNet.apply(p, x));
    await expect(run(params, stripes(2).x)).rejects.toThrow(ShapeError);
  });
});
