import { reference } from '@node-ode/backend-reference';
import { inferTypes, lower, random, tensorType, value, type DType, type HostArray } from '@node-ode/core';
import { it, expect } from 'vitest';
import { draw } from '../../../../testkit/src/backend/cases/draw.ts';
import { movement } from '../../../../testkit/src/backend/cases/movement.ts';
import { reductions } from '../../../../testkit/src/backend/cases/reduction.ts';
import { demandSameArray } from '../../../../testkit/src/support/numbers.ts';
import { openSession, runGraph } from '../../test/run-graph.ts';
import { rules } from './rules.ts';
const provider = (process.env['ZZ'] ?? 'cpu') as 'cpu' | 'webgpu';
const dts = provider === 'cpu' ? ['f32', 'f64', 'i32', 'bool'] : ['f32', 'i32', 'bool'];
const eng = reference();
for (const [op, { dtypes, cases }] of Object.entries({ ...movement, ...reductions }) as any) {
  if (!(op in rules)) continue;
  for (const dtype of dtypes.filter((d: string) => dts.includes(d)))
    it(`${op} ${dtype}`, async () => {
      const cs = cases(draw(random(1), dtype, dts as DType[]));
      const bad: string[] = [];
      const inputs: any[] = []; 
      const nodes = cs.map((c: any) => { const o = c.inputs.map((x: HostArray) => value(tensorType(x.shape, x.dtype))); inputs.push(...o); const a = { op, inputs: o, params: c.params } as any; return { ...a, outputs: inferTypes(a).map(value) }; });
      const graph = { name: op, inputs, nodes, outputs: nodes.flatMap((n: any) => n.outputs) };
      const hosts = cs.flatMap((c: any) => c.inputs);
      let all: any;
      try { all = await runGraph(graph, hosts, provider); } catch (e) { 
        for (const [i, c] of cs.entries()) { const g = { name: op, inputs: nodes[i].inputs, nodes: [nodes[i]], outputs: nodes[i].outputs }; try { const r = await runGraph(g, c.inputs, provider); all ??= []; all[i] = r[0]; } catch (e2) { bad.push(c.note + ': ' + String(e2).slice(0, 300)); } }
        if (bad.length === 0) bad.push('together: ' + String(e));
      }
      const exe = await eng.compile(lower(graph as never, new Set(eng.capabilities.composites))); const up = await Promise.all(hosts.map((h: any) => eng.upload(h)));
      const want = await Promise.all((await exe.run(up)).map((o) => o.read()));
      const tol = { f32: { rtol: 1e-5, atol: 1e-6 }, f64: { rtol: 1e-12, atol: 1e-13 }, i32: { rtol: 0, atol: 0 }, bool: { rtol: 0, atol: 0 } } as any;
      cs.forEach((c: any, i: number) => { if (all?.[i] === undefined) return; const { rtol, atol } = tol[want[i]!.dtype]; const s = c.slack ?? 1; try { demandSameArray(c.note, all[i], want[i]!, { rtol: rtol * s, atol: atol * s, signedZero: c.signedZero ?? false }); } catch (e) { bad.push(String(e).slice(0, 250)); } });
      expect(bad).toEqual([]);
    }, 60000);
}
