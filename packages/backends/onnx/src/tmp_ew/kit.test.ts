import { it } from 'vitest';
import { inferTypes, random, tensorType, value, type Application, type Graph, type HostArray, type Node, type Value, type DType } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { primitiveCases } from '/work/main/packages/testkit/src/backend/cases/table.ts';
import { draw } from '/work/main/packages/testkit/src/backend/cases/draw.ts';
import { demandSameArray } from '/work/main/packages/testkit/src/support/numbers.ts';
import { runGraph as onRef } from '/work/main/packages/testkit/src/backend/run-graph.ts';
import { runGraph } from '/work/main/packages/backends/onnx/test/run-graph.ts';
const provider = (process.env.PROV ?? 'cpu') as 'cpu' | 'webgpu';
const supported: DType[] = provider === 'cpu' ? ['f32', 'f64', 'i32', 'bool'] : ['f32', 'i32', 'bool'];
const only = (process.env.ONLY ?? 'neg abs sign exp expm1 log log1p sqrt sin cos tan tanh sigmoid erf floor ceil round add sub mul div rem pow maximum minimum atan2 equal notEqual less lessEqual greater greaterEqual not and or isFinite cast select constant').split(' ');
it('kit', async () => {
  const lines: string[] = [];
  for (const op of only) {
    const { dtypes, cases } = (primitiveCases as any)[op];
    for (const dtype of dtypes.filter((d: DType) => supported.includes(d))) {
      const list = cases(draw(random(0), dtype, supported));
      const shown = new Set<string>();
      for (const c of list) {
        if (provider === 'webgpu' && c.inputs.some((i: HostArray) => i.data.length === 0)) continue;
        const inputs: Value[] = c.inputs.map(({ shape, dtype }: HostArray) => value(tensorType(shape, dtype)));
        const app = { op, inputs, params: c.params } as Application;
        const node = { ...app, outputs: inferTypes(app).map(value) } as Node;
        const graph: Graph = { name: op, inputs, nodes: [node], outputs: node.outputs };
        try {
          const expected = await onRef(reference(), graph, c.inputs);
          const actual = await runGraph(graph, c.inputs, provider);
          const out = expected[0]!.dtype;
          const tol = out === 'f32' ? { rtol: 1e-5, atol: 1e-6 } : { rtol: 1e-12, atol: 1e-13 };
          const slack = c.slack ?? 1;
          demandSameArray(`${op} ${dtype} ${c.note}`, actual[0]!, expected[0]!, { rtol: tol.rtol * slack, atol: tol.atol * slack, signedZero: c.signedZero ?? false });
          if (process.env.W) for (let i = 0; i < expected[0]!.data.length; i++) { }
        } catch (e) {
          const m = (e as Error).message.slice(0, 260);
          if (shown.size < 4 && !shown.has(m)) { shown.add(m); lines.push(`${op} ${dtype} [${c.note}]: ${m}` + (c.note.includes('special') ? ' in ' + c.inputs.map((i: HostArray) => { const k = /element (\d+) of/.exec(m); return k ? i.data[Number(k[1])] : ''; }).join() : '')); }
        }
      }
    }
  }
  console.log('\n#' + lines.join('\n#'));
}, 600000);
