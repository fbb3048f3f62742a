/**
 * Diagnostics leave by one effect, `report`: each structured operation threads the reports of its bodies out as hidden
 * results, so that a count made inside a loop reaches the host.
 */
import { TraceError } from '../errors.ts';
import { isFloat } from '../graph/dtype.ts';
import type { TensorType } from '../graph/graph.ts';
import { constant, select, type Tensor } from '../tensor/tensor.ts';
import { innermost, type Combine, type Deferred, type Report, type Trace, type Traced } from '../tensor/trace.ts';

/**
 * Reports a diagnostic: `value` leaves the graph beside its results, combined with the other reports of that name. It
 * counts as often as the value is computed, so it must depend on something traced.
 *
 * @throws TraceError if the value is a constant, or if the name was reported with another shape, dtype or combination.
 * @example
 * report('largest', y.abs().max(), 'max');
 */
export function report(name: string, value: Tensor, combine: Combine): void {
  const trace = innermost([value]);
  if (trace !== undefined) {
    addReport(trace, { name, value, combine });
    return;
  }
  const owner = structuredOrigin(value);
  if (owner === undefined) {
    throw new TraceError('report', `'${name}' is a constant`, {
      expected: 'a value that the traced function computes',
      advice: 'A report counts as often as its value is computed.',
    });
  }
  owner.reports.push({ name, value, combine });
}

/** The structured operation that a value of constants alone comes from: it is executed where its results are used. */
function structuredOrigin({ source }: Traced): Deferred | undefined {
  if (source.kind !== 'deferred') return undefined;
  const { node } = source;
  if (['call', 'cond', 'whileLoop', 'scan', 'customVjp'].includes(node.op)) return node;
  for (const input of node.inputs) {
    const origin = structuredOrigin(input);
    if (origin !== undefined) return origin;
  }
  return undefined;
}

/** Adds a report to a trace, combined with the one of the same name. */
export function addReport(trace: Trace, added: Report): void {
  const index = trace.reports.findIndex((known) => known.name === added.name);
  const known = trace.reports[index];
  if (known === undefined) {
    trace.reports.push(added);
    return;
  }
  if (known.combine !== added.combine || known.value.dtype !== added.value.dtype) {
    throw new TraceError('report', `'${added.name}' was reported as ${known.combine} of ${known.value.dtype} before`, {
      expected: 'one combination and dtype for each name',
    });
  }
  trace.reports[index] = { ...known, value: combineReports(known.combine, known.value, added.value) };
}

/** Two reports of one name as one; `a` came first. */
export function combineReports(combine: Combine, a: Tensor, b: Tensor): Tensor {
  switch (combine) {
    case 'sum':
      return a.add(b);
    case 'max':
      return a.maximum(b);
    case 'first':
      return select(a.at(0).notEqual(0), a, b);
  }
}

/** What combines with any report without changing it. */
export function reportIdentity(combine: Combine, { shape, dtype }: TensorType): Tensor {
  if (combine !== 'max') return constant(0, shape, dtype);
  return constant(isFloat(dtype) ? -Infinity : -(2 ** 31), shape, dtype);
}
