import { it } from 'vitest';
import { array, compile } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { wasm } from '../../../wasm/src/index.ts';
import { exportedNeuralOde, neuralOde, startsOf, trainedParams, untrainedParams } from '../../test/exported-models.ts';
import { exportOnnx } from './export-onnx.ts';
import { loadOnnx } from './load-onnx.ts';
it('x', async () => {
  for (const p of [await trainedParams(), untrainedParams()]) {
  const f = neuralOde(p);
  const m = await loadOnnx(exportOnnx(f, [{ shape: ['batch', 2] }, { shape: [] }, { shape: [] }], { names: ['y0', 'rtol', 'atol'], nfe: true }));
  const r = compile(reference(), f), w = compile(await wasm(), f);
  const d = (a: any, b: any) => Math.max(...Array.from(a).map((x: any, i) => Math.abs(x - b[i]))).toExponential(1);
  for (const batch of [1, 3, 17]) for (const tol of [1e-2, 1e-3,1e-4,1e-5,1e-6]) {
    const y0 = startsOf(batch);
    const o = await m.run(y0, tol, tol) as any;
    const a = await r.run(y0, tol, tol), b = await w.run(y0, tol, tol);
    const ad = (await a.result.read()).data, bd = (await b.result.read()).data;
    console.log(batch, tol, 'ref-onnx', d(ad, o.result.data), 'ref-wasm', d(ad, bd), o.nfe, a.stats.nfe, b.stats.nfe);
  }}
}, 60000);
