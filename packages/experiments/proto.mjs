import { createOde, random, valueAndGrad, array } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { dopri5 } from '@node-ode/solver-dopri5';
import { adjoint } from '@node-ode/gradient-adjoint';
import { mlp, adam, trainState, applyGradients } from '@node-ode/nn';
import { lynxHare } from '@node-ode/datasets';
const ode = createOde({ backend: reference(), solver: dopri5(), gradient: adjoint({seminorm:true}), rtol: 1e-3, atol: 1e-4 });
const { t, y } = lynxHare().all('train');
const n = t.data.length;
const z = [0,1].map(k => { const v = Array.from({length:n},(_,i)=>Math.log(y.data[2*i+k])); const m=v.reduce((a,b)=>a+b)/n; const s=Math.sqrt(v.reduce((a,b)=>a+(b-m)**2,0)/n); return v.map(x=>(x-m)/s); });
const Z = Array.from({length:n},(_,i)=>[z[0][i],z[1][i]]);
const net = mlp({ sizes: [2,32,2] });
const params = net.init(random(0));
const opt = adam({ learningRate: 1e-2 });
for (const K of [2,4,8,16]) {
 const W = n-K;
 const y0 = array(Z.slice(0,W)); const target = array(Array.from({length:K},(_,k)=>Z.slice(k+1,k+1+W)));
 const ts = Array.from({length:K+1},(_,k)=>k);
 const step = ode.compile(function step(state, batch) {
  const loss = p => { const {ys}=ode.odeint((t,s)=>net.apply(p,s), batch.y0, ts); return ys.slice([1,0,0],[K,W,2]).sub(batch.target).square().mean(); };
  const {value,grad}=valueAndGrad(loss)(state.params);
  return { state: applyGradients(opt,state,grad), loss: value };
 });
 let state = trainState(opt, params);
 let t0=performance.now(), r;
 for (let i=0;i<20;i++){ r = await step.run(state,{y0,target}); state=r.result.state; if(i===0){console.log('first',performance.now()-t0); t0=performance.now();} }
 console.log(K, 'ms/step', (performance.now()-t0)/19, 'loss', (await r.result.loss.read()).data[0], 'nfe', r.stats.nfe, r.stats.nfeBackward);
}
