/** Types: trees of arrays, tensors and device arrays follow one another through every entry point. */
import { expectTypeOf } from 'vitest';
import type {
  ArgumentOf,
  Compiled,
  DeviceArray,
  HostArray,
  HostState,
  Jvp,
  MapLeaves,
  Ode,
  ResultOf,
  StateOf,
  Tape,
  Tensor,
  TensorLike,
  TensorsOf,
  Vjp,
} from './index.ts';
import { compile, grad, hvp, jvp, scan, valueAndGrad, valueAndGradWithAux, vjp, whileLoop } from './index.ts';

interface Params {
  readonly weight: HostArray;
  readonly bias?: HostArray;
  readonly layers: readonly { readonly w: HostArray }[];
  readonly pair: readonly [HostArray, { readonly deep: HostArray }];
}
interface TracedParams {
  readonly weight: Tensor;
  readonly bias?: Tensor;
  readonly layers: readonly { readonly w: Tensor }[];
  readonly pair: readonly [Tensor, { readonly deep: Tensor }];
}
declare const traced: TracedParams;
declare const x: Tensor;
declare const host: HostArray;
declare const ode: Ode;

// Interfaces, readonly tuples, arrays and optional keys survive.
expectTypeOf<TensorsOf<Params>>().toEqualTypeOf<TracedParams>();
expectTypeOf<MapLeaves<readonly [HostArray, HostArray], HostArray, Tensor>>().toEqualTypeOf<
  readonly [Tensor, Tensor]
>();
expectTypeOf<MapLeaves<[HostArray, HostArray?], HostArray, Tensor>>().toEqualTypeOf<[Tensor, Tensor?]>();
expectTypeOf<MapLeaves<HostArray[], HostArray, Tensor>>().toEqualTypeOf<Tensor[]>();
expectTypeOf<MapLeaves<HostArray | readonly HostArray[], HostArray, Tensor>>().toEqualTypeOf<
  Tensor | readonly Tensor[]
>();
expectTypeOf<MapLeaves<string, HostArray, Tensor>>().toEqualTypeOf<never>();

// States: numbers, host arrays and tensors all become tensors, and host arrays on the way back.
expectTypeOf<StateOf<{ readonly a: number; readonly b: readonly [HostArray, Tensor] }>>().toEqualTypeOf<{
  readonly a: Tensor;
  readonly b: readonly [Tensor, Tensor];
}>();
expectTypeOf<StateOf<number>>().toEqualTypeOf<Tensor>();
expectTypeOf<HostState<{ readonly a: number; readonly b: HostArray }>>().toEqualTypeOf<{
  readonly a: HostArray;
  readonly b: HostArray;
}>();

// Dynamics see the state's structure, and must return it.
const solution = ode.solve(
  (t, { prey, pred }) => ({ prey: prey.mul(pred).mul(t), pred }),
  { prey: 1, pred: host },
  [0, 1],
);
expectTypeOf(solution).resolves.toHaveProperty('ys').toEqualTypeOf<{ prey: HostArray; pred: HostArray }>();
expectTypeOf(ode.odeint((_, y) => y.neg(), x, [0, 1]).ys).toEqualTypeOf<Tensor>();
expectTypeOf(ode.odeint((_, y) => y, { a: x, b: [x, 1] as const }, [0, x]).ys).toEqualTypeOf<{
  a: Tensor;
  b: readonly [Tensor, Tensor];
}>();
// @ts-expect-error the structure of the state is not returned
ode.odeint((_, y) => ({ a: y.b }), { a: x, b: x }, [0, 1]);

// Compiled functions: anything that becomes a tensor goes in, device arrays come out.
const step = compile(ode.backend, (params: TracedParams, n: Tensor) => ({ params, sum: n.add(1), host }));
type Leaf = number | boolean | HostArray | DeviceArray;
expectTypeOf<Parameters<typeof step>>().toEqualTypeOf<
  [
    {
      readonly weight: Leaf;
      readonly bias?: Leaf;
      readonly layers: readonly { readonly w: Leaf }[];
      readonly pair: readonly [Leaf, { readonly deep: Leaf }];
    },
    Leaf,
  ]
>();
expectTypeOf<ArgumentOf<Tensor>>().toEqualTypeOf<Leaf>();
expectTypeOf<ResultOf<readonly [Tensor, { a: TensorLike }]>>().toEqualTypeOf<
  readonly [DeviceArray, { a: DeviceArray }]
>();
expectTypeOf(step).toExtend<Compiled<[TracedParams, Tensor], unknown>>();
expectTypeOf(step.run({ ...({} as Params) }, 1))
  .resolves.toHaveProperty('result')
  .toHaveProperty('sum')
  .toEqualTypeOf<DeviceArray>();
// What a step returns can be passed to it again.
declare const result: Awaited<ReturnType<typeof step>>;
expectTypeOf(result.params).toExtend<Parameters<typeof step>[0]>();

// Derivatives have the structure of the argument.
expectTypeOf(grad((p: TracedParams) => p.weight)(traced)).toEqualTypeOf<TracedParams>();
expectTypeOf(valueAndGrad((p: TracedParams, scale: number) => p.weight.mul(scale))(traced, 2)).toEqualTypeOf<{
  readonly value: Tensor;
  readonly grad: TracedParams;
}>();
// @ts-expect-error the other argument is missing
valueAndGrad((p: TracedParams, scale: number) => p.weight.mul(scale))(traced);
// @ts-expect-error the value is a tree
grad((p: TracedParams) => p)(traced);
expectTypeOf(valueAndGradWithAux((p: Tensor) => ({ value: p, aux: { p, more: [p] as const } }))(x).aux).toEqualTypeOf<{
  p: Tensor;
  more: readonly [Tensor];
}>();
expectTypeOf(vjp((p: TracedParams) => [p.weight] as const, traced)).toEqualTypeOf<
  Vjp<TracedParams, readonly [Tensor]>
>();
expectTypeOf(jvp((p: TracedParams) => [p.weight] as const, traced, { weight: x, bias: null })).toEqualTypeOf<
  Jvp<readonly [Tensor]>
>();
expectTypeOf(hvp((p: TracedParams) => p.weight)(traced, { pair: [x, { deep: x }] })).toEqualTypeOf<TracedParams>();
jvp((p: TracedParams) => p.weight, traced, { layers: [{ w: x }, null], pair: [null] });
jvp((p: TracedParams) => p.weight, traced, null);
// @ts-expect-error the argument has no such leaf
jvp((p: TracedParams) => p.weight, traced, { height: x });
// @ts-expect-error a tangent is a tensor
jvp((p: TracedParams) => p.weight, traced, { weight: 1 });

// Loops: carries keep their type, tapes stand where tensors were, elements where tapes or stacked tensors were.
const loop = whileLoop(
  { n: x, pair: [x, x] as const },
  ({ n }) => n.less(1),
  ({ n, pair }) => ({ carry: { n, pair }, tape: { n, deep: [n] as const } }),
);
expectTypeOf(loop.carry).toEqualTypeOf<{ n: Tensor; pair: readonly [Tensor, Tensor] }>();
expectTypeOf(loop.tape).toEqualTypeOf<{ n: Tape; deep: readonly [Tape] }>();
const stacked = scan(x, { a: x, b: [x] as const }, (c, e) => {
  expectTypeOf(e).toEqualTypeOf<{ a: Tensor; b: readonly [Tensor] }>();
  return { carry: c, output: { product: e.a.mul(e.b[0]) } };
});
expectTypeOf(stacked.outputs).toEqualTypeOf<{ product: Tensor }>();
expectTypeOf(scan(x, loop.tape.n, (c, e) => ({ carry: c, output: e as Tensor })).outputs).toEqualTypeOf<Tape>();
