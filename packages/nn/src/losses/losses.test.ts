import {
  array,
  DTypeError,
  grad,
  OptionError,
  ShapeError,
  TreeError,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64, noise, run, runHost } from '../../test/harness.ts';
import { alongTrajectory, atLastTime } from './along-time.ts';
import { accuracy, crossEntropy } from './cross-entropy.ts';
import {
  binaryCrossEntropyWithLogits,
  elementwiseLoss,
  mae,
  mse,
  smoothL1,
  type ElementwiseLoss,
} from './elementwise.ts';

const i32 = (values: readonly number[]): HostArray => array([...values], { dtype: 'i32' });

const gradOf = (f: (x: Tensor) => Tensor, x: Tensor): Tensor => grad(f)(x);

const y = [0.5, -1.2, 2, 0.2, -3, 1.25];
const target = [1, 0, 0.25, 0.5, 1, 0];

const huber = (beta: number) => (a: number, b: number) => {
  const d = Math.abs(a - b);
  return d < beta ? (0.5 * d * d) / beta : d - 0.5 * beta;
};
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

const cases: readonly (readonly [string, ElementwiseLoss, (y: number, target: number) => number])[] = [
  ['mse', mse, (a, b) => (a - b) ** 2],
  ['mae', mae, (a, b) => Math.abs(a - b)],
  ['smoothL1', smoothL1, huber(1)],
  ['smoothL1, beta 0.4', withBeta(0.4), huber(0.4)],
  ['smoothL1, beta 0', withBeta(0), (a, b) => Math.abs(a - b)],
  [
    'binaryCrossEntropyWithLogits',
    binaryCrossEntropyWithLogits,
    (x, z) => -z * Math.log(logistic(x)) - (1 - z) * Math.log(1 - logistic(x)),
  ],
];

function withBeta(beta: number): ElementwiseLoss {
  const loss = (a: Tensor, b: Tensor, options?: object): Tensor => smoothL1(a, b, { ...options, beta });
  return loss as ElementwiseLoss;
}

describe.each(cases)('%s', (_, loss, formula) => {
  const errors = y.map((a, i) => formula(a, target[i]!));
  const sum = errors.reduce((a, b) => a + b, 0);
  const [p, t] = [f64(y), f64(target)];

  it('is its formula, reduced', async () => {
    expectClose(await elements((a: Tensor, b: Tensor) => loss(a, b, { reduction: 'none' }), p, t), errors, 1e-14);
    expectClose(await elements((a: Tensor, b: Tensor) => loss(a, b, { reduction: 'sum' }), p, t), [sum], 1e-14);
    expectClose(await elements((a: Tensor, b: Tensor) => loss(a, b, { reduction: 'mean' }), p, t), [sum / 6], 1e-14);
    expectClose(await elements((a: Tensor, b: Tensor) => loss(a, b), p, t), [sum / 6], 1e-14);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient((a: Tensor) => loss(a, t), p);
  });

  it('takes trees: all elements of all leaves together', async () => {
    const tree = { a: f64(y.slice(0, 4)), b: [f64([y.slice(4)])] as const };
    const wanted = { a: f64(target.slice(0, 4)), b: [f64([target.slice(4)])] as const };
    type T = { readonly a: Tensor; readonly b: readonly [Tensor] };
    expectClose(await elements((a: T, b: T) => loss(a, b), tree, wanted), [sum / 6], 1e-14);
    expectClose(await elements((a: T, b: T) => loss(a, b, { reduction: 'sum' }), tree, wanted), [sum], 1e-14);
    const none = await runHost((a: T, b: T) => loss(a, b, { reduction: 'none' }), tree, wanted);
    expect(none.b[0].shape).toEqual([1, 2]);
    expectClose([...none.a.data, ...none.b[0].data], errors, 1e-14);
    await checkGradient((a: T) => loss(a, { a: wanted.a, b: [wanted.b[0]] }), tree);
  });

  it('takes a number, a host array or integers as the target', async () => {
    const ones = y.map((a) => formula(a, 1));
    const mean = [ones.reduce((a, b) => a + b, 0) / 6];
    expectClose(await elements((a: Tensor) => loss(a, 1), p), mean, 1e-14);
    expectClose(await elements((a: Tensor) => loss(a, f64([1, 1, 1, 1, 1, 1])), p), mean, 1e-14);
    expectClose(await elements((a: Tensor) => loss(a, i32([1, 1, 1, 1, 1, 1])), p), mean, 1e-14);
  });
});

describe('elementwise losses', () => {
  it('stay finite far out', async () => {
    const x = f64([-1000, 1000, 1000]);
    const loss = (a: Tensor): Tensor => binaryCrossEntropyWithLogits(a, f64([0, 1, 0]), { reduction: 'none' });
    expect(await run(loss, x)).toEqual([0, 0, 1000]);
  });

  it('have the derivative 0 where prediction and target are equal', async () => {
    for (const loss of [mse, mae, smoothL1]) {
      expect(await run((a: Tensor) => gradOf((b) => loss(b, 2), a), f64([2]))).toEqual([0]);
    }
  });

  it('can be made from an error of one’s own', async () => {
    const quartic = elementwiseLoss('quartic', (a, b) => a.sub(b).square().square());
    expect(await run((a: Tensor) => quartic(a, 1), f64([3, 1]))).toBe(8);
  });

  it('refuse a target that would broadcast, another tree, another dtype, an empty batch and bad options', async () => {
    const column = run((a: Tensor, b: Tensor) => mse(a, b), noise([6, 1]), noise([6]));
    await expect(column).rejects.toThrow(ShapeError);
    await expect(column).rejects.toThrow("mse: a target of shape [6]; expected the prediction's shape [6, 1].");
    const leaf = run((a: Tensor) => mae({ u: a }, { u: noise([3]) }), noise([2]));
    await expect(leaf).rejects.toThrow("mae: a target of 'u' of shape [3]");
    const tree = run((a: Tensor) => mse({ u: a }, { v: a } as unknown as { u: Tensor }), noise([2]));
    await expect(tree).rejects.toThrow(TreeError);
    await expect(tree).rejects.toThrow("mse: a target with leaves v; expected the prediction's leaves u.");
    await expect(run((a: Tensor) => mse(a, array([1, 2])), noise([2]))).rejects.toThrow(DTypeError);
    await expect(run((a: Tensor) => mse(a, 0), noise([0, 2]))).rejects.toThrow('Check that the batch is not empty');
    await expect(run((a: Tensor) => mse(a, 0, { reduction: 'avg' as 'sum' }), noise([2]))).rejects.toThrow(
      "mse: reduction 'avg'; expected 'mean', 'sum' or 'none'.",
    );
    await expect(run((a: Tensor) => smoothL1(a, 0, { beta: -1 }), noise([2]))).rejects.toThrow(OptionError);
    await expect(run(() => mse([], []) as Tensor)).rejects.toThrow('mse: the tree has no leaves');
  });
});

describe('crossEntropy', () => {
  const logits = [
    [1, 2, -1],
    [0.5, 0, 3],
    [-2, 4, 1],
    [0, 0, 0],
  ];
  const labels = [1, 0, 1, 2];
  const logSoftmax = (row: readonly number[]): number[] => {
    const total = Math.log(row.map(Math.exp).reduce((a, b) => a + b));
    return row.map((x) => x - total);
  };
  const errors = logits.map((row, i) => -logSoftmax(row)[labels[i]!]!);
  const mean = errors.reduce((a, b) => a + b) / 4;

  it('takes labels', async () => {
    const none = (a: Tensor, b: Tensor): Tensor => crossEntropy(a, b, { reduction: 'none' });
    expectClose(await elements(none, f64(logits), i32(labels)), errors, 1e-14);
    expectClose(await elements((a: Tensor, b: Tensor) => crossEntropy(a, b), f64(logits), i32(labels)), [mean], 1e-14);
    const sum = (a: Tensor, b: Tensor): Tensor => crossEntropy(a, b, { reduction: 'sum' });
    expectClose(await elements(sum, f64(logits), i32(labels)), [4 * mean], 1e-14);
  });

  it('takes one-hot rows and probabilities', async () => {
    const oneHot = f64(labels.map((label) => [0, 1, 2].map((k) => Number(k === label))));
    expectClose(await elements((a: Tensor, b: Tensor) => crossEntropy(a, b), f64(logits), oneHot), [mean], 1e-14);
    const p = [0.2, 0.5, 0.3];
    const expected = logits.map((row) => -logSoftmax(row).reduce((sum, lp, k) => sum + p[k]! * lp, 0));
    const none = (a: Tensor, b: Tensor): Tensor => crossEntropy(a, b, { reduction: 'none' });
    expectClose(await elements(none, f64(logits), f64(logits.map(() => p))), expected, 1e-14);
  });

  it('has the gradients of central differences, of probabilities too', async () => {
    await checkGradient((a: Tensor) => crossEntropy(a, i32(labels)), f64(logits));
    await checkGradient(({ a, p }: { a: Tensor; p: Tensor }) => crossEntropy(a, p.softmax()), {
      a: f64(logits),
      p: noise([4, 3]),
    });
  });

  it('takes another class axis, and leading axes', async () => {
    const transposed = f64([0, 1, 2].map((k) => logits.map((row) => row[k]!)));
    const byAxis = (a: Tensor, b: Tensor): Tensor => crossEntropy(a, b, { axis: 0, reduction: 'none' });
    expectClose(await elements(byAxis, transposed, i32(labels)), errors, 1e-14);
    const nested = f64([logits.slice(0, 2), logits.slice(2)]);
    const square = array(labels, { shape: [2, 2], dtype: 'i32' });
    expectClose(await elements((a: Tensor, b: Tensor) => crossEntropy(a, b), nested, square), [mean], 1e-14);
  });

  it('does not overflow, and takes classes that are impossible', async () => {
    const none = (a: Tensor, b: Tensor): Tensor => crossEntropy(a, b, { reduction: 'none' });
    const far = array([1000, 0, 0, -1000], { shape: [2, 2], dtype: 'f64' });
    expectClose(await elements(none, far, i32([1, 0])), [1000, 0]);
    const masked = f64([[0, -Infinity, 0]]);
    for (const wanted of [i32([0]), f64([[1, 0, 0]])]) {
      expectClose(await elements(none, masked, wanted), [Math.LN2]);
      const gradient = (a: Tensor): Tensor => gradOf((x) => crossEntropy(x, wanted), a);
      expectClose(await elements(gradient, masked), [-0.5, 0, 0.5]);
    }
  });

  it('is NaN for a label that is no class', async () => {
    const none = (a: Tensor, b: Tensor): Tensor => crossEntropy(a, b, { reduction: 'none' });
    const [first, second, third] = await elements(none, f64(logits.slice(0, 3)), i32([3, -1, 1]));
    expect([first, second]).toEqual([NaN, NaN]);
    expect(third).toBeCloseTo(errors[2]!, 12);
  });

  it('refuses targets that are neither labels nor probabilities', async () => {
    const loss = (a: Tensor, b: Tensor): Tensor => crossEntropy(a, b);
    const shape = run(loss, f64(logits), i32([0, 1]));
    await expect(shape).rejects.toThrow(ShapeError);
    await expect(shape).rejects.toThrow(
      'crossEntropy: a target i32[2] for logits f64[4,3]; expected labels i32[4], or probabilities f64[4,3].',
    );
    await expect(run(loss, f64(logits), f64(labels))).rejects.toThrow(ShapeError);
    await expect(run(loss, f64(logits), array(logits))).rejects.toThrow(DTypeError);
    await expect(run((a: Tensor) => crossEntropy(a, i32(labels), { axis: 2 }), f64(logits))).rejects.toThrow(
      'crossEntropy: class axis 2 of logits f64[4,3]; expected an axis of the logits.',
    );
  });

  it('accuracy is the fraction that is right', async () => {
    const right = (a: Tensor, b: Tensor): Tensor => accuracy(a, b);
    expect(await run(right, f64(logits), i32(labels))).toBe(0.5); // argmax 1, 2, 1, 0
    expect(
      await run(
        right,
        f64(logits),
        f64([
          [0, 1, 0],
          [0, 0, 1],
          [0, 1, 0],
          [0, 0, 1],
        ]),
      ),
    ).toBe(0.75);
    const transposed = f64([0, 1, 2].map((k) => logits.map((row) => row[k]!)));
    expect(await run((a: Tensor) => accuracy(a, i32(labels), { axis: 0 }), transposed)).toBe(0.5);
    await expect(run(right, f64(logits), i32([0]))).rejects.toThrow('accuracy: a target i32[1]');
  });
});

describe('atLastTime', () => {
  const ys = f64([[[9, 9]], [[1, 2]]]); // two times, one sample, two features

  it('is the loss of the last element of the first axis', async () => {
    expect(await run((a: Tensor) => atLastTime(mse)(a, f64([[0, 0]])), ys)).toBe(2.5);
    expect(await run((a: Tensor) => atLastTime(mse)(a, f64([[0, 0]]), { reduction: 'sum' }), ys)).toBe(5);
    const logit = await elements((a: Tensor) => atLastTime(crossEntropy)(a, i32([0])), ys);
    expectClose(logit, [Math.log(1 + Math.E)], 1e-14);
  });

  it('takes trees', async () => {
    const tree = { a: ys, b: f64([1, 2, 3]) };
    type T = { readonly a: Tensor; readonly b: Tensor };
    expect(await run((y: T) => atLastTime(mse)(y, { a: f64([[0, 0]]), b: 0 }, { reduction: 'sum' }), tree)).toBe(14);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient((a: Tensor) => atLastTime(mse)(a, 0.5), ys);
  });

  it('refuses what has no time', async () => {
    const result = run((a: Tensor) => atLastTime(mse)({ u: a }, { u: 0 }), f64(1));
    await expect(result).rejects.toThrow(ShapeError);
    await expect(result).rejects.toThrow(
      "atLastTime: a prediction of 'u' f64[]; expected a first axis of at least one time.",
    );
  });
});

describe('alongTrajectory', () => {
  // squared errors 1, 4; 9, 16; 25, 36
  const ys = f64([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);

  it('is the loss over all times', async () => {
    expect(await run((a: Tensor) => alongTrajectory(mse)(a, 0), ys)).toBe(91 / 6);
  });

  it('weighs times: Σ w·error, and the mean Σ w·error / Σ w', async () => {
    const weighted = alongTrajectory(mse, { weights: [1, 0, 3] });
    expect(await run((a: Tensor) => weighted(a, 0, { reduction: 'sum' }), ys)).toBe(5 + 3 * 61);
    expect(await run((a: Tensor) => weighted(a, 0), ys)).toBe((5 + 3 * 61) / 8);
    expect(await run((a: Tensor) => weighted(a, 0, { reduction: 'none' }), ys)).toEqual([
      [1, 4],
      [0, 0],
      [75, 108],
    ]);
  });

  it('weighs times and samples: an observation mask', async () => {
    const mask = array(
      [
        [1, 0],
        [0, 0],
        [0, 1],
      ],
      { dtype: 'i32' },
    );
    const observed = alongTrajectory(mse, { weights: mask });
    expect(await run((a: Tensor) => observed(a, 0), ys)).toBe((1 + 36) / 2);
    const traced = (a: Tensor, w: Tensor): Tensor => alongTrajectory(mse, { weights: w })(a, 0);
    expect(
      await run(
        traced,
        ys,
        f64([
          [1, 0],
          [0, 0],
          [0, 1],
        ]),
      ),
    ).toBe(18.5);
  });

  it('with equal weights is the plain mean, over trees too', async () => {
    const tree = { a: ys, b: f64([1, 2, 3]) };
    type T = { readonly a: Tensor; readonly b: Tensor };
    const weighted = alongTrajectory(smoothL1, { weights: [2, 2, 2] });
    const equal = await elements((y: T) => weighted(y, { a: 0, b: 0 }, { beta: 0.5 }), tree);
    expectClose(equal, await elements((y: T) => smoothL1(y, { a: 0, b: 0 }, { beta: 0.5 }), tree), 1e-14);
    const some = await run((y: T) => alongTrajectory(mse, { weights: [0, 1, 0] })(y, { a: 0, b: 0 }), tree);
    expect(some).toBe((9 + 16 + 4) / 3);
  });

  it('takes labels along the trajectory', async () => {
    const labels = array([1, 1, 0], { dtype: 'i32' });
    const weighted = (a: Tensor): Tensor => alongTrajectory(crossEntropy, { weights: [1, 0, 1] })(a, labels);
    expectClose(await elements(weighted, ys), [(Math.log(1 + Math.exp(-1)) + Math.log(1 + Math.E)) / 2], 1e-14);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient((a: Tensor) => alongTrajectory(mse, { weights: [1, 0, 2.5] })(a, 0.5), ys);
  });

  it('refuses weights that do not lead the errors', async () => {
    for (const weights of [[1, 2], f64([[1, 2]]), noise([3, 2, 1])]) {
      const result = run((a: Tensor) => alongTrajectory(mse, { weights })(a, 0), ys);
      await expect(result).rejects.toThrow(ShapeError);
    }
    const two = run((a: Tensor) => alongTrajectory(mse, { weights: [1, 2] })(a, 0), ys);
    await expect(two).rejects.toThrow(
      'alongTrajectory: weights of shape [2]; expected one for each time, or the shape of leading axes of the errors [3, 2].',
    );
    const bad = run((a: Tensor) => alongTrajectory(mse, { weights: [1, 2, 3] })(a, 0, { reduction: 'x' as 'sum' }), ys);
    await expect(bad).rejects.toThrow("alongTrajectory: reduction 'x'");
  });
});
