import { expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { grad } from '../differentiate/vjp.ts';
it('ball', async () => {
  const ode = makeOde();
  const fall = (_: Tensor, { h, v }: { readonly h: Tensor; readonly v: Tensor }) => ({ h: v, v: v.mul(0).sub(8) });
  const { event, ys, stats } = await ode.solve(fall, { h: 4, v: 0 }, [0, 0.5, 1, 5], { event: { eventFn: (_, y) => y.h } });
  console.log(event, ys, stats);
  const g = ode.compile((h: Tensor, g: Tensor, floor: Tensor) => grad((x: { readonly h: Tensor; readonly g: Tensor; readonly floor: Tensor }) => ode.odeint((_: Tensor, { v }: { readonly h: Tensor; readonly v: Tensor }) => ({ h: v, v: x.g.neg() }), { h: x.h, v: 0 }, [0, 5], { event: { eventFn: (_, y) => y.h.sub(x.floor) } }).event.t)({h, g, floor}));
  const { result, stats: s2 } = await g.run(4, 8, 0);
  console.log(1 / (4 * Math.sqrt(4)), (await result.h.read()).data, (await result.g.read()).data,(await result.floor.read()).data, s2);
});
