import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGraph } from '../graph/check.ts';
import { formatType, type Graph } from '../graph/graph.ts';
import { printGraph } from '../graph/print.ts';
import { eliminateCommonSubexpressions } from './common-subexpressions.ts';
import { eliminateDeadCode } from './dead-code.ts';
import { foldConstants } from './fold-constants.ts';
import { simplifyIdentities } from './identities.ts';
import { hoistLoopInvariants } from './loop-invariants.ts';
import { optimize } from './optimize.ts';
import { evaluate, type Evaluated, type Evaluation } from '../../test/graphs/evaluate.ts';
import { randomProgram } from '../../test/graphs/random-graphs.ts';
import { choices } from '../../test/graphs/random-steps.ts';

const passes = {
  eliminateDeadCode,
  foldConstants,
  simplifyIdentities,
  eliminateCommonSubexpressions,
  hoistLoopInvariants,
};

const programs = fc.array(fc.nat({ max: 10_000 }), { minLength: 50, maxLength: 600, size: 'max' }).map((numbers) => {
  const program = randomProgram(choices(numbers));
  return { ...program, [fc.toStringMethod]: () => `\n${printGraph(program.graph)}\n${JSON.stringify(program.inputs)}` };
});

const runs = Number(process.env['FC_RUNS'] ?? 250);

/** NaN is one number here, and −0 is not 0. */
const format = (x: Evaluated): unknown =>
  'data' in x ? [x.dtype, x.shape, x.data.map((n) => (Object.is(n, -0) ? '-0' : String(n)))] : x.map(format);

/** What a graph gives; undefined if it raises. */
function attempt(graph: Graph, inputs: readonly Evaluated[]): Evaluation | undefined {
  try {
    return evaluate(graph, inputs);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const interfaceOf = (graph: Graph) => [graph.inputs, graph.outputs.map((output) => formatType(output.type))];

function hold(pass: (graph: Graph) => Graph, compareCalls: (before: Evaluation, after: Evaluation) => void): void {
  fc.assert(
    fc.property(programs, ({ graph, inputs }) => {
      checkGraph(graph);
      const before = attempt(graph, inputs);
      const result = pass(graph);
      checkGraph(result);
      expect(interfaceOf(result)).toEqual(interfaceOf(graph));
      if (before === undefined) return;
      const after = evaluate(result, inputs);
      expect(after.outputs.map(format)).toEqual(before.outputs.map(format));
      compareCalls(before, after);
    }),
    { numRuns: runs },
  );
}

describe('each pass gives what the graph gave', () => {
  for (const [name, pass] of Object.entries(passes)) {
    it(name, () => {
      hold(pass, (before, after) => {
        // Only dead calls go.
        if (pass !== eliminateDeadCode) expect(after.calls).toEqual(before.calls);
        for (const [graph, count] of Object.entries(after.calls))
          expect(count).toBeLessThanOrEqual(before.calls[graph] ?? 0);
      });
    });
  }
});

describe('optimize', () => {
  it('gives what the graph gave, and calls nothing more often', () => {
    hold(optimize, (before, after) => {
      for (const [graph, count] of Object.entries(after.calls))
        expect(count).toBeLessThanOrEqual(before.calls[graph] ?? 0);
    });
  });

  it('leaves an optimal graph as it is', () => {
    fc.assert(
      fc.property(programs, ({ graph }) => {
        const optimal = optimize(graph);
        expect(optimize(optimal)).toBe(optimal);
        for (const pass of Object.values(passes)) expect(pass(optimal)).toBe(optimal);
      }),
      { numRuns: runs },
    );
  });

  it('is tested on graphs that run, loop and branch', () => {
    const seen = { run: 0, loops: 0, tapes: 0, branches: 0, calls: 0 };
    for (const { graph, inputs } of fc.sample(programs, { numRuns: 200, seed: 7 })) {
      if (attempt(graph, inputs) !== undefined) seen.run++;
      const ops = new Set(graph.nodes.map((node) => node.op));
      if (ops.has('whileLoop') || ops.has('scan')) seen.loops++;
      if (graph.nodes.some((node) => node.outputs.some(({ type }) => type.kind === 'tape'))) seen.tapes++;
      if (ops.has('cond')) seen.branches++;
      if (ops.has('call')) seen.calls++;
    }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(20);
    expect(seen.run).toBeGreaterThan(100);
  });
});
