import { createOde, random, valueAndGrad, array, constant } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { dopri5 } from '@node-ode/solver-dopri5';
import { adjoint } from '@node-ode/gradient-adjoint';
import { mlp, adamw, trainState, applyGradients, clipByGlobalNorm, cosineDecay } from '@node-ode/nn';
import { lynxHare } from '@node-ode/datasets';
const cfg = { hidden:[32], wd:1e-3, lr:1e-2, stages:[[3,400],[6,400],[10,400]], full:1200, rtol:1e-4, atol:1e-5, end:17, seeds:[0,1,2], act:'tanh', ...JSON.parse(process.argv[2]??'{}') };
const ode = createOde({ backend: reference(), solver: dopri5(), gradient: adjoint({seminorm:true}), rtol: cfg.rtol, atol: cfg.atol });
const all = lynxHare({holdOut:0}).all('train').y.data;
const N=21, n = cfg.end;
const raw = Array.from({length:N},(_,i)=>[all[2*i],all[2*i+1]]);
const st = [0,1].map(k => { const v = raw.slice(0,n).map(r=>Math.log(r[k])); const m=v.reduce((a,b)=>a+b)/n; const s=Math.sqrt(v.reduce((a,b)=>a+(b-m)**2,0)/n); return {m,s}; });
const Z = raw.map(r=>r.map((x,k)=>(Math.log(x)-st[k].m)/st[k].s));
const inv = zz => zz.map((x,k)=>Math.exp(x*st[k].s+st[k].m));
const rmse=(a,b)=>Math.sqrt(a.flatMap((r,i)=>r.map((x,k)=>(x-b[i][k])**2)).reduce((x,y)=>x+y)/(2*a.length));
// baselines
const test = raw.slice(n, Math.min(N,n+4)), H=test.length;
const pers = test.map(()=>raw[n-1]);
function var1(R,f,g){ // fit y_{t+1}=A y_t + c
 const X=R.slice(0,n-1).map(r=>[...f(r),1]), Y=R.slice(1,n).map(f);
 const M=[0,1,2].map(i=>[0,1,2].map(j=>X.reduce((s,x)=>s+x[i]*x[j],0)));
 const solve=(M,b)=>{const A=M.map((r,i)=>[...r,b[i]]);for(let i=0;i<3;i++){let p=i;for(let j=i;j<3;j++)if(Math.abs(A[j][i])>Math.abs(A[p][i]))p=j;[A[i],A[p]]=[A[p],A[i]];for(let j=0;j<3;j++)if(j!==i){const q=A[j][i]/A[i][i];for(let k=i;k<4;k++)A[j][k]-=q*A[i][k];}}return A.map((r,i)=>r[3]/r[i]);};
 const C=[0,1].map(k=>solve(M,[0,1,2].map(i=>X.reduce((s,x,t)=>s+x[i]*Y[t][k],0))));
 let s=f(R[n-1]); const out=[];for(let i=0;i<H;i++){s=C.map(c=>c[0]*s[0]+c[1]*s[1]+c[2]);out.push(g(s));}return out;}
console.log('persistence',rmse(pers,test).toFixed(2),'var raw',rmse(var1(raw,x=>x,x=>x),test).toFixed(2),'var log',rmse(var1(raw,r=>r.map(Math.log),r=>r.map(Math.exp)),test).toFixed(2));
const net = mlp({ sizes: [2,...cfg.hidden,2], activation: cfg.act });
for (const seed of cfg.seeds) {
 const total = cfg.stages.reduce((s,[,k])=>s+k,0)+cfg.full;
 const opt = adamw({ learningRate: cosineDecay({initial:cfg.lr, final: cfg.lr/20, steps: total}), weightDecay: cfg.wd });
 const f = p => (t,s)=>net.apply(p,s);
 const step = ode.compile(function step(state, batch) {
  const loss = p => { const {ys}=ode.odeint(f(p.net), batch.y0, batch.ts); return ys.sub(batch.target).square().mean(); };
  const {value,grad}=valueAndGrad(loss)(state.params);
  return { state: applyGradients(opt,state,clipByGlobalNorm(grad,1)), loss: value };
 });
 const fullStep = ode.compile(function full(state, batch) {
  const loss = p => { const {ys}=ode.odeint(f(p.net), p.y0, batch.ts); return ys.sub(batch.target).square().mean(); };
  const {value,grad}=valueAndGrad(loss)(state.params);
  return { state: applyGradients(opt,state,clipByGlobalNorm(grad,1)), loss: value };
 });
 let state = trainState(opt, { net: net.init(random(seed)), y0: array(Z[0]) });
 const t0=performance.now(); let r; let log=[];
 for (const [K,count] of cfg.stages) {
  const W=n-K, ts=array(Array.from({length:K+1},(_,k)=>k));
  const y0=array(Z.slice(0,W)), target=array(Array.from({length:K+1},(_,k)=>Z.slice(k,k+W)));
  for(let i=0;i<count;i++){ r=await step.run(state,{y0,target,ts}); state=r.result.state; }
  log.push(`${K}:${(await r.result.loss.read()).data[0].toFixed(4)}(nfe ${r.stats.nfe}+${r.stats.nfeBackward})`);
 }
 const hor = cfg.horizons ?? [n];
 for (const h of hor) { const ts=array(Array.from({length:h},(_,k)=>k)), target=array(Z.slice(0,h));
 for(let i=0;i<cfg.full/hor.length;i++){ r=await fullStep.run(state,{target,ts}); state=r.result.state; } 
 log.push(`full${h}:${(await r.result.loss.read()).data[0].toFixed(4)}(nfe ${r.stats.nfe}+${r.stats.nfeBackward})`);}
 const secs=(performance.now()-t0)/1000;
 const P = await (async()=>{ const o={}; const get=async x=>x.read? await x.read(): Array.isArray(x)? Promise.all(x.map(get)) : Object.fromEntries(await Promise.all(Object.entries(x).map(async([k,v])=>[k,await get(v)]))); return get(state.params);})();
 const solveFrom = ode.compile((p,y0,ts)=>ode.odeint(f(p.net), y0, ts).ys);
 const grid=array(Array.from({length:41},(_,k)=>k));
 let traj; try { traj = (await (await solveFrom(P,P.y0,grid)).read()).data; } catch(e){ console.log(seed,'solve failed',e.message.slice(0,80)); continue; }
 const T = Array.from({length:41},(_,i)=>inv([traj[2*i],traj[2*i+1]]));
 const fromObs = (await (await solveFrom(P,array(Z[n-1]),array(Array.from({length:H+1},(_,k)=>k)))).read()).data;
 const FO=Array.from({length:H},(_,i)=>inv([fromObs[2*(i+1)],fromObs[2*(i+1)+1]]));
 console.log('seed',seed,log.join(' '),'train rmse',rmse(T.slice(0,n),raw.slice(0,n)).toFixed(2),'| heldout traj',rmse(T.slice(n,n+H),test).toFixed(2),'from last obs',rmse(FO,test).toFixed(2),'max20-40',Math.max(...T.slice(20).flat()).toFixed(0),'secs',secs.toFixed(1));
}
