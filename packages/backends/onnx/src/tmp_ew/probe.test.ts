import { it } from 'vitest';
import { InferenceSession } from 'onnxruntime-node';
import { elementTypes, kernels, probeModel } from '/work/main/packages/backends/onnx/test/probe-models.ts';
import { openSession } from '/work/main/packages/backends/onnx/test/run-graph.ts';
it('probe', async () => {
  const p = (process.env.PROV ?? 'cpu') as 'cpu';
  const lines: string[] = [];
  for (const k of kernels) {
    const has: string[] = [];
    const errs: string[] = [];
    for (const t of elementTypes) {
      try { const s = await openSession(probeModel(k, t), p); has.push(t); await s.release(); } catch (e) { errs.push(t + ': ' + (e as Error).message.slice(0, 160)); }
    }
    lines.push(k.padEnd(20) + has.join(' ') + (process.env.V ? '\n   ' + errs.join('\n     ') : ''));
  }
  console.log('\n' + lines.join('\n'));
}, 300000);
