import { reference } from '@node-ode/backend-reference';
import { array, compile, type Tensor } from '@node-ode/core';
import { fit } from './index.ts';
const frozen = compile(reference(), (state: { a: Tensor; n: Tensor }, batch: Tensor) => ({
  state: { a: state.a, n: state.n.add(batch) },
  value: state.a.sum(),
}));
const s = { a: array([1, 2]), n: 0 };
const r = fit({ step: frozen, state: s, batches: () => [1, 2, 3], epochs: 2 });
const q: string = r;
const r2 = fit<typeof s, number>({ step: frozen, state: s, batches: () => [1, 2, 3], epochs: 2 });
const q2: string = r2;
