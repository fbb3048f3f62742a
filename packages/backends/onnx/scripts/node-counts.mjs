// Counts the nodes of bench case 1 (dopri5, network 2-50-2 on y³, batch 20) for the README, and prints them as a table:
// `node packages/backends/onnx/scripts/node-counts.mjs`, with `--write` between the README's marks.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { InferenceSession } from 'onnxruntime-node';
import { format, resolveConfig } from 'prettier';
import { close, load } from './source.mjs';

/** [operator, number] of each, the most frequent first; nodes of subgraphs are counted too. */
const tally = (names) => {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
};

/** Primitives of a traced graph, each of which would be a node: called graphs are in place, constants are not computed. */
const primitivesOf = ({ nodes }) =>
  nodes.flatMap(({ op, params }) => {
    const inner = Object.values(params).filter((value) => value !== null && Array.isArray(value?.nodes));
    const own = op === 'call' || op === 'constant' ? [] : [op];
    return [...own, ...inner.flatMap(primitivesOf)];
  });

/** Operators of an ONNX graph as protobuf-es reads it. */
const operatorsOf = ({ node }) =>
  node.flatMap(({ opType, attribute }) => [opType, ...attribute.flatMap(({ g }) => (g ? operatorsOf(g) : []))]);

/** The body of the graph's loop: of the solve's, which holds the others. */
const loopOf = (nodes, body) => nodes.map(body).find((graph) => graph !== undefined);

try {
  const core = await load('@node-ode/core');
  const { dopri5 } = await load('@node-ode/solver-dopri5');
  const backend = await (await load('/src/onnx.ts')).onnx();
  const { emitModel } = await load('/src/lower/emit-model.ts');
  const { encodeModel } = await load('/src/model/encode.ts');
  const { parseModel } = await load('/src/model/parse.ts');

  const [rtol, atol] = [1e-5, 1e-5];
  const field = (w1, b1, w2, b2) => (_, y) => y.mul(y).mul(y).matmul(w1).add(b1).tanh().matmul(w2).add(b2);
  const solver = dopri5();
  const ode = core.createOde({ backend, solver, rtol, atol });
  const step = (t, h, y, k, ...weights) => {
    const f = (s, [x]) => [field(...weights)(s, x)];
    const taken = solver.step(f, t, h, [y], { k: [k] });
    const tolerances = [{ rtol: core.constant(rtol), atol: core.constant(atol) }];
    const norm = core.leafNorm(taken.error, [y], taken.y, tolerances, undefined);
    return [t.add(h), taken.y[0], taken.state.k[0], norm];
  };
  const solve = (y0, ts, ...weights) => ode.odeint(field(...weights), y0, ts).ys;

  const [scalar, state] = [{ shape: [] }, { shape: [20, 2] }];
  const weights = [[2, 50], [50], [50, 2], [2]].map((shape) => ({ shape }));
  const programs = [
    ['a step with its error norm', step, [scalar, scalar, state, state, ...weights], false],
    ['an iteration of the solve, every branch', solve, [state, { shape: [2] }, ...weights], true],
  ];

  const folder = await mkdtemp(join(tmpdir(), 'node-ode-counts-'));
  const rows = [];
  for (const [what, fn, specs, isLoop] of programs) {
    const plain = core.traceFunction(fn, specs).graph;
    const kept = core.traceFunction(fn, specs, { composites: backend.capabilities.composites }).graph;
    const { bytes } = encodeModel(emitModel(kept, { provider: 'cpu' }));
    const optimized = join(folder, 'optimized.onnx');
    const session = await InferenceSession.create(bytes, { optimizedModelFilePath: optimized, logSeverityLevel: 4 });
    await session.release();
    const protoBody = ({ attribute, opType }) => (opType === 'Loop' ? attribute.find(({ g }) => g)?.g : undefined);
    const operators = (file) => {
      const { graph } = parseModel(file);
      return operatorsOf(isLoop ? loopOf(graph.node, protoBody) : graph);
    };
    const primitives = isLoop
      ? loopOf(plain.nodes, ({ op, params }) => (op === 'whileLoop' ? params.body : undefined))
      : plain;
    rows.push(
      [what, 'its primitives', primitivesOf(primitives)],
      ['', 'emitted', operators(bytes)],
      ['', 'after ONNX Runtime', operators(await readFile(optimized))],
    );
  }
  await rm(folder, { recursive: true });
  await backend.dispose();

  const lines = rows.map(([what, form, names]) => {
    const kinds = tally(names).map(([name, count]) => `${count} ${name}`);
    return `| ${what} | ${form} | ${names.length} | ${kinds.join(', ')} |`;
  });
  const table = ['| of | form | nodes | by operator |', '| --- | --- | ---: | --- |', ...lines].join('\n');
  const text = await format(table, { parser: 'markdown' });
  console.log(text);
  if (process.argv.includes('--write')) {
    const readme = fileURLToPath(new URL('../README.md', import.meta.url));
    const marked = /(<!-- node counts: begin -->\n)[^]*(<!-- node counts: end -->)/;
    const written = (await readFile(readme, 'utf8')).replace(marked, (_, begin, end) => `${begin}\n${text}\n${end}`);
    await writeFile(readme, await format(written, { ...(await resolveConfig(readme)), parser: 'markdown' }));
  }
} finally {
  await close();
}
