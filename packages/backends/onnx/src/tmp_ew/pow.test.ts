import { it } from 'vitest';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { power, array, inferTypes, tensorType, value, type Node } from '@node-ode/core';
import { runGraph } from '../../test/run-graph.ts';
const apply = async (op: string, inputs: any[], params: any = {}) => {
  const v = inputs.map((i) => value(tensorType(i.shape, i.dtype)));
  const app = { op, inputs: v, params } as any;
  const node = { ...app, outputs: inferTypes(app).map(value) } as Node;
  return (await runGraph({ name: op, inputs: v, nodes: [node], outputs: node.outputs }, inputs, 'webgpu'))[0]!;
};
it('pow', async () => {
  const vs = [0, -0, 1, -1, 2, -2, 0.5, 3, NaN, Infinity, -Infinity];
  const a: number[] = [], b: number[] = [];
  for (const x of vs) for (const y of vs) { a.push(x); b.push(y); }
  const r = await apply('pow', [array(a, { dtype: 'f32' }), array(b, { dtype: 'f32' })]);
  const lines: string[] = [];
  a.forEach((x, i) => { const e = power(x, b[i]!); if (!(Object.is(e, r.data[i]) || Math.abs(e - r.data[i]!) < 1e-5 )) lines.push(`${Object.is(x, -0) ? '-0' : x}^${b[i]} = ${r.data[i]} expected ${e}`); });
  for (const [s, t] of [[[4, 3], []], [[], [4]], [[3, 1], [4]], [[2, 1, 3], [5, 1]], [[3, 4], [4]], [[4], [3, 4]], [[3, 1], [3, 4]],[[1],[1]],[[],[]]] as number[][][]) {
    const mk = (sh: number[], d: any) => array(new Float64Array(sh.reduce((p, q) => p * q, 1)).fill(1), { shape: sh, dtype: d });
    for (const [op, d] of [['pow', 'f32'], ['or', 'bool'], ['and', 'bool'], ['equal', 'bool'],['select','bool']] as const) {
      try { await apply(op, op === 'select' ? [mk(s!, d), mk(t!, d), mk(t!, d)] : [mk(s!, d), mk(t!, d)]); } catch (e) { lines.push(`${op} [${s}] [${t}] ${(e as Error).message.slice(0, 150)}`); }
    }
  }
  console.log('\n#' + lines.join('\n#'));
}, 100000);
