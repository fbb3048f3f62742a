/** The conformance suite of a model. */
import { reference } from '@node-ode/backend-reference';
import {
  compile,
  flattenTree,
  isTensor,
  isHostArray,
  random,
  valueAndGrad,
  type Backend,
  type DeviceArray,
  type FloatDType,
  type HostArray,
  type MapLeaves,
  type Model,
  type Random,
  type Shape,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { centralDifferences } from '../support/finite-differences.ts';
import { castTree, fingerprint, hostLeaves, typesOf } from '../support/host-trees.ts';
import { demandClose } from '../support/numbers.ts';
import { precisionOf, type PerFloat, type Precision } from '../support/precision.ts';
import type { SuiteOptions } from '../support/suite.ts';

/** What the author of a model says about it. */
export interface ModelSuiteOptions<Params, Input, Output> extends SuiteOptions {
  /** Engine; f64 is checked too if it has that; the reference engine by default. */
  readonly backend?: Backend;
  /** An input like those that the model is made for: a tree of host arrays. Small, so that differences are quick. */
  readonly input: (random: Random) => MapLeaves<Input, Tensor, HostArray>;
  /** Shapes of the output's leaves, in the order of their paths. */
  readonly outputShapes?: readonly Shape[];
  /** What is minimised, for a model without a loss of its own: by default the mean square of the output. */
  readonly loss?: (output: Output, params: TensorsOf<Params>, input: Input) => Tensor;
  /** Learning rate of the five steps of gradient descent; 0.01 by default. */
  readonly learningRate?: number;
  /** Largest error of a gradient, relative and absolute together; 1e-5 by default in f64, 1e-4 on an engine without f64. */
  readonly tolerance?: number;
  /** Largest number of elements of each parameter whose gradient is compared; 12 by default. */
  readonly elements?: number;
}

/**
 * What every model must do, as named checks without a test framework: parameters by their seed, outputs of fixed shapes,
 * gradients like central differences in f64, and a loss that training lowers.
 *
 * @example
 * for (const { run } of modelChecks(() => myModel(), { input: (rng) => array([rng.normal(), rng.normal()]) })) await run();
 */
export function modelChecks<Params, Input, Output>(
  make: () => Model<Params, Input, Output>,
  options: ModelSuiteOptions<Params, Input, Output>,
): readonly Check[] {
  const subject = subjectOf(make, options);
  return [
    check('has parameters that its seed determines', () => {
      seedsParameters(subject);
    }),
    check(
      `has an output of the same shapes${subject.dtype === 'f64' ? ' in f32 and f64' : ''}, the same each time`,
      () => appliesAlike(subject),
    ),
    check('has the gradient of central differences in f64', () => differentiates(subject)),
    check('lowers its loss in five steps of gradient descent', () => learns(subject)),
    check('leaves its parameters as they were', () => isPure(subject)),
  ];
}

const tolerances: PerFloat<number> = { f64: 1e-5, f32: 1e-4 };

/** A model under test, its types forgotten: trees of host arrays and of tensors. */
interface Subject extends Precision {
  readonly name: string;
  readonly init: (random: Random) => unknown;
  readonly input: () => unknown;
  readonly apply: (params: unknown, input: unknown) => unknown;
  readonly loss: (params: unknown, input: unknown) => Tensor;
  readonly outputShapes: readonly Shape[] | undefined;
  readonly learningRate: number;
  readonly tolerance: number;
  readonly elements: number;
}

function subjectOf<P, I, O>(make: () => Model<P, I, O>, options: ModelSuiteOptions<P, I, O>): Subject {
  const model = make();
  const meanSquare = (output: unknown): Tensor =>
    flattenTree('output', output, isTensor)
      .leaves.map((leaf) => leaf.square().mean())
      .reduce((a, b) => a.add(b));
  const loss = (params: TensorsOf<P>, input: I): Tensor => {
    if (model.loss !== undefined) return model.loss(params, input);
    const output = model.apply(params, input);
    return options.loss === undefined ? meanSquare(output) : options.loss(output, params, input);
  };
  const precision = precisionOf(options.backend ?? reference());
  return {
    ...precision,
    name: model.name,
    init: (rng) => make().init(rng),
    input: () => options.input(random(17)),
    apply: (params, input) => model.apply(params as TensorsOf<P>, input as I),
    loss: (params, input) => loss(params as TensorsOf<P>, input as I),
    outputShapes: options.outputShapes,
    learningRate: options.learningRate ?? 0.01,
    tolerance: options.tolerance ?? tolerances[precision.dtype],
    elements: options.elements ?? 12,
  };
}

function seedsParameters({ name, init }: Subject): void {
  const of = (seed: number): string => fingerprint(`${name}.init`, init(random(seed)));
  demand(name !== '', 'model', 'its name is empty', { expected: 'a name' });
  demand(of(1) === of(1), `${name}.init`, 'one seed gave two sets of parameters', {
    expected: 'the same parameters, bit for bit',
    advice: 'Draw from the generator that is given, and from nothing else.',
  });
  demand(of(1) !== of(2), `${name}.init`, 'two seeds gave the same parameters', {
    expected: 'other parameters for another seed',
  });
  const finite = hostLeaves(name, init(random(1))).every(({ leaf }) => leaf.data.every((x) => Number.isFinite(x)));
  demand(finite, `${name}.init`, 'a parameter is not finite', { expected: 'finite numbers' });
}

const isDevice = (x: unknown): x is DeviceArray => typeof x === 'object' && x !== null && 'read' in x;

/** The tree that a compiled function returned, on the host. */
async function readTree(tree: unknown): Promise<unknown> {
  const { leaves, structure } = flattenTree('result', tree, isDevice);
  return structure.rebuild(await Promise.all(leaves.map((leaf) => leaf.read())));
}

async function applied({ backend, apply, init, input }: Subject, dtype: FloatDType): Promise<unknown> {
  const run = compile(backend, (params: Tensor, x: Tensor) => apply(params, x) as Tensor, { dtype });
  const [params, x] = [castTree(init(random(1)), dtype), castTree(input(), dtype)] as [HostArray, HostArray];
  return readTree(await run(params, x));
}

async function appliesAlike(subject: Subject): Promise<void> {
  const { name, outputShapes, dtype } = subject;
  const [once, again] = [await applied(subject, 'f32'), await applied(subject, 'f32')];
  demand(
    fingerprint(name, once) === fingerprint(name, again),
    `${name}.apply`,
    'the same parameters and input gave another output',
    { expected: 'a pure function' },
  );
  const types = typesOf(name, once);
  const inDouble = dtype === 'f64' ? typesOf(name, await applied(subject, 'f64')) : types.replaceAll('f32', 'f64');
  demand(
    types.replaceAll('f32', 'f64') === inDouble,
    `${name}.apply`,
    `the output is ${types} in f32 and ${inDouble} in f64`,
    { expected: 'the same shapes, in the dtype of parameters and input' },
  );
  const leaves = hostLeaves(name, once);
  demand(
    leaves.every(({ leaf }) => leaf.data.every((x) => Number.isFinite(x))),
    `${name}.apply`,
    'the output is not finite',
    { expected: 'finite numbers' },
  );
  if (outputShapes === undefined) return;
  const [given, wanted] = [
    leaves.map(({ leaf }) => `[${leaf.shape.join(', ')}]`),
    outputShapes.map((shape) => `[${shape.join(', ')}]`),
  ];
  demand(given.join() === wanted.join(), `${name}.apply`, `output shapes are ${given.join(', ')}`, {
    expected: wanted.join(', '),
  });
}

async function differentiates(subject: Subject): Promise<void> {
  const { name, backend, oracle, dtype, loss, tolerance, elements } = subject;
  // The very numbers that the gradient under test is taken at: differences are of values in f64.
  const [given, at] = [castTree(subject.init(random(1)), dtype), castTree(subject.input(), dtype) as HostArray];
  const [params, input] = [castTree(given, 'f64'), castTree(at, 'f64')];
  const { leaves, structure } = flattenTree(name, params, isHostArray);
  const value = compile(oracle, (p: Tensor, x: Tensor) => loss(p, x), { dtype: 'f64' });
  const gradient = compile(backend, (p: Tensor, x: Tensor) => valueAndGrad((q: Tensor) => loss(q, x))(p).grad, {
    dtype,
  });
  const actual = hostLeaves(name, await readTree(await gradient(given as HostArray, at)));
  for (const [k, leaf] of leaves.entries()) {
    const stride = Math.max(1, Math.ceil(leaf.data.length / elements));
    const chosen = Array.from({ length: Math.ceil(leaf.data.length / stride) }, (_, i) => i * stride);
    const of = async ([moved]: readonly HostArray[]): Promise<number> => {
      const data = leaf.data.slice();
      chosen.forEach((index, i) => (data[index] = moved?.data[i] ?? NaN));
      const tree = structure.rebuild(leaves.map((other, i) => (i === k ? { ...leaf, data } : other)));
      return (await (await value(tree as HostArray, input)).read()).data[0] ?? NaN;
    };
    const picked: HostArray = {
      kind: 'array',
      dtype: 'f64',
      shape: [chosen.length],
      data: Float64Array.from(chosen, (i) => leaf.data[i] ?? NaN),
    };
    const [expected = []] = await centralDifferences(of, [picked]);
    const found = chosen.map((i) => actual[k]?.leaf.data[i] ?? NaN);
    demandClose(`${name}: the gradient for ${structure.paths[k] ?? ''}`, found, expected, {
      rtol: tolerance,
      atol: tolerance,
    });
  }
}

async function learns(subject: Subject): Promise<void> {
  const { name, backend, loss, learningRate } = subject;
  const step = compile(backend, (p: Tensor, x: Tensor) => {
    const { value, grad } = valueAndGrad((q: Tensor) => loss(q, x))(p);
    const gradients = flattenTree(name, grad, isTensor).leaves;
    const { leaves, structure } = flattenTree(name, p, isTensor);
    return {
      loss: value,
      params: structure.rebuild(
        leaves.map((leaf, i) => leaf.sub((gradients[i] as Tensor).mul(learningRate))),
      ) as Tensor,
    };
  });
  const input = subject.input() as HostArray;
  let params = subject.init(random(1)) as HostArray;
  const losses: number[] = [];
  for (let i = 0; i <= 5; i++) {
    const result = await step(params, input);
    losses.push((await result.loss.read()).data[0] ?? NaN);
    params = (await readTree(result.params)) as HostArray;
  }
  const [first = NaN, last = NaN] = [losses[0], losses[5]];
  demand(
    last < first,
    name,
    `five steps of gradient descent at rate ${learningRate} take the loss from ${first} to ${last}`,
    { expected: 'a lower loss', advice: 'Check the gradient, or choose another learningRate.' },
  );
}

async function isPure(subject: Subject): Promise<void> {
  const params = subject.init(random(1)) as HostArray;
  const before = fingerprint(subject.name, params);
  const run = compile(subject.backend, (p: Tensor, x: Tensor) => subject.loss(p, x));
  await run(params, subject.input() as HostArray);
  demand(fingerprint(subject.name, params) === before, subject.name, 'its parameters changed while it was applied', {
    expected: 'pure functions of the parameters',
  });
}
