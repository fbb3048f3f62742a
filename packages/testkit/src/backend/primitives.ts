/** Every primitive that computes, on every dtype it has, against the oracle: single nodes, so that no pass has a hand in it. */
import {
  inferTypes,
  random,
  tensorType,
  value,
  type Application,
  type DType,
  type Graph,
  type HostArray,
  type Node,
  type Value,
} from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { demandSameArray } from '../support/numbers.ts';
import { draw, type ComputingPrimitive, type PrimitiveCase, type PrimitiveCases } from './cases/draw.ts';
import { primitiveCases } from './cases/table.ts';
import { runGraph } from './run-graph.ts';
import type { BackendSubject } from './subject.ts';

type AnyCase = PrimitiveCase<unknown>;

export function primitiveChecks(subject: BackendSubject): readonly Check[] {
  const names = Object.keys(primitiveCases) as ComputingPrimitive[];
  return names.map((name) => check(`primitive ${name}`, () => comparePrimitive(subject, name, primitiveCases[name])));
}

async function comparePrimitive(
  subject: BackendSubject,
  op: ComputingPrimitive,
  { dtypes, cases }: PrimitiveCases<unknown>,
): Promise<void> {
  const backend = await subject.shared();
  const supported = subject.dtypes(backend);
  for (const dtype of dtypes.filter((candidate) => supported.includes(candidate))) {
    const applications = cases(draw(random(subject.seed), dtype, supported));
    await compareCases(subject, op, dtype, applications);
  }
}

/** All cases of a primitive and a dtype as one graph. */
async function compareCases(
  subject: BackendSubject,
  op: ComputingPrimitive,
  dtype: DType,
  cases: readonly AnyCase[],
): Promise<void> {
  const backend = await subject.shared();
  const graph = graphOf(op, cases);
  const inputs = cases.flatMap((c) => c.inputs);
  const expected = await runGraph(subject.oracle, graph, inputs);
  const actual = await runGraph(backend, graph, inputs);
  cases.forEach(({ note, slack = 1, signedZero = false }, i) => {
    const result = expected[i] as HostArray;
    const { rtol, atol } = subject.tolerance(result.dtype);
    demandSameArray(`${op} on ${dtype}, ${note}`, actual[i] as HostArray, result, {
      rtol: rtol * slack,
      atol: atol * slack,
      signedZero,
    });
  });
}

function graphOf(op: ComputingPrimitive, cases: readonly AnyCase[]): Graph {
  const inputs: Value[] = [];
  const nodes = cases.map((c): Node => {
    const operands = c.inputs.map(({ shape, dtype }) => value(tensorType(shape, dtype)));
    inputs.push(...operands);
    const application = { op, inputs: operands, params: c.params } as Application;
    return { ...application, outputs: inferTypes(application).map(value) } as Node;
  });
  return { name: op, inputs, nodes, outputs: nodes.flatMap(({ outputs }) => outputs) };
}
