import { it } from 'vitest';
import { euler } from '@node-ode/solver-euler';
import { midpoint } from '@node-ode/solver-midpoint';
import { heun } from '@node-ode/solver-heun';
import { rk4, rk4ThreeEighths } from '@node-ode/solver-rk4';
import { bosh3 } from '@node-ode/solver-bosh3';
import { dopri5 } from '@node-ode/solver-dopri5';
import { tsit5 } from '@node-ode/solver-tsit5';
import { convergence } from './measure.ts';
import { orderConditions } from '../order-conditions.ts';
it('x', async () => {
  for (const make of [euler, midpoint, heun, rk4, rk4ThreeEighths, bosh3, dopri5, tsit5]) {
    const s = make();
    const conv = await convergence(s, s.order<3? [256,512,1024,2048]: [32, 64, 128, 256]);
    console.log(s.name, conv.slope, conv.points.map(p=>p.error.toExponential(1)).join());
    const all = await convergence(s, [16,32,64,128,256,512,1024,2048,4096]);
    console.log(all.points.map((p,i,a)=>Math.log2((a[i-1]?.error??NaN)/p.error).toFixed(2)).join());
    const c = await orderConditions(s, s.order+1);
    for (let o=1;o<=s.order+1;o++) { const m=c.filter(x=>x.order===o); console.log(o, ...([x=>x.defect, x=>x.denseDefect, x=>x.errorWeight??NaN] as ((x:any)=>number)[]).map(g=>Math.max(...m.map(x=>Math.abs(g(x)))).toExponential(1))); }
  }
});
