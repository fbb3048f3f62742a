/** Augmented Neural ODEs of vectors. */
import { concat, formatType, OptionError, ShapeError, type Tensor } from '@node-ode/core';
import { linear, type LinearParams } from '@node-ode/nn';
import { appendZeros, checkAugment, type AugmentOptions } from './augment.ts';
import { augmentedOde, type AugmentedOde, type FlowOptions } from './augmented-ode.ts';
import { mlpField, type FieldOptions, type MlpFieldParams } from './dynamics.ts';
import { partOf } from './part-of.ts';

/** An augmented Neural ODE of vectors. */
export interface AnodeOptions extends FlowOptions, FieldOptions, AugmentOptions {
  /** Dimensions of the input: d of the paper. */
  readonly features: number;
  /** Width of both hidden layers of the ODE function; 32 by default. */
  readonly hidden?: number;
  /** Of the linear layer behind the flow; without it the output is the first `features` dimensions of the flow itself. */
  readonly outputs?: number;
}

/** Parameters: `lift` where augmentation is learned, `head` where there is a linear layer. */
export interface AnodeParams {
  readonly lift?: LinearParams;
  readonly field: MlpFieldParams;
  readonly head?: LinearParams;
}

/**
 * The augmented Neural ODE of vectors [samples, features]: d/dt [h; a] = f(t, [h; a]) from [x; 0], then a linear layer of the
 * whole state at t1 (Dupont, Doucet and Teh 2019). With `extra: 0` it is a Neural ODE.
 *
 * @throws OptionError if a size is out of range or t1 is 0; ShapeError, when applied, if the input's last axis differs. What
 * `odeint` throws, when applied.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), rtol: 1e-3, atol: 1e-3 });
 * const model = anode({ ode, features: 2, extra: 5, outputs: 1 });
 * const params = model.init(random(0));
 * const y = await ode.compile((p: TensorsOf<AnodeParams>, x: Tensor) => model.apply(p, x))(params, array([[0.3, 1]]));
 */
export function anode(options: AnodeOptions): AugmentedOde<AnodeParams> {
  const { features, extra, augment = 'zeros', hidden = 32, outputs, dtype = 'f32' } = options;
  checkAugment('anode', options);
  if (!Number.isInteger(features) || features < 1) {
    throw new OptionError('anode', `features is ${features}`, { expected: 'an integer of at least 1' });
  }
  const lift = augment === 'learned' ? linear(features, extra, { dtype }) : undefined;
  const field = mlpField(features + extra, hidden, options);
  const head = outputs === undefined ? undefined : linear(features + extra, outputs, { dtype });
  return augmentedOde<AnodeParams>({
    ...options,
    name: 'anode',
    init: (random) => ({
      ...(lift && { lift: lift.init(random) }),
      field: field.init(random),
      ...(head && { head: head.init(random) }),
    }),
    lift: (params, x) => {
      requireVectors(x, features);
      if (lift === undefined) return appendZeros(x, extra, -1);
      return concat([x, lift.apply(partOf('anode', 'lift', params.lift), x)], -1);
    },
    field: (params, t, h) => field.apply(params.field, t, h),
    head: (params, h) => {
      if (head === undefined) return firstFeatures(h, features);
      return head.apply(partOf('anode', 'head', params.head), h);
    },
  });
}

function requireVectors(x: Tensor, features: number): void {
  if (x.rank >= 1 && x.shape.at(-1) === features) return;
  throw new ShapeError('anode', `an input ${formatType(x.type)}`, {
    expected: `a last axis of ${features}`,
    advice: 'The input is without the extra dimensions, which the model adds.',
  });
}

const firstFeatures = (h: Tensor, features: number): Tensor =>
  h.slice(
    h.shape.map(() => 0),
    [...h.shape.slice(0, -1), features],
  );
