/**
 * Diagnostics leave by one effect, `report`: each structured operation threads the reports of its bodies out as hidden
 * results, so that a count made inside a loop reaches the host.
 */
import { DTypeError, ShapeError, TraceError } from '../errors.ts';
import { isFloat } from '../graph/dtype.ts';
import { formatType, type TensorType } from '../graph/graph.ts';
import { select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { innermost, type Combine, type Deferred, type Report, type Trace, type Traced } from '../tensor/trace.ts';

/**
 * Reports a diagnostic: `value` leaves the graph beside its results, combined with the other reports of that name. It
 * counts as often as the value is computed, so it must depend on something traced.
 *
 * @throws TraceError if the value is a constant, or if the name was reported with another shape, dtype or combination;
 * DTypeError for booleans; ShapeError if `combine` is 'first' and the value no vector.
 * @example
 * report('largest', y.abs().max(), 'max');
 */
export function report(name: string, value: Tensor, combine: Combine): void {
  requireReportable(name, value, combine);
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

/** Takes back the report of a name that was made where `x` is: it leaves no further. */
export function takeReport(name: string, { source }: Tensor): Tensor | undefined {
  const reports =
    source.kind === 'trace' ? source.trace.reports : source.kind === 'deferred' ? source.node.reports : [];
  const index = reports.findIndex((known) => known.name === name);
  return index === -1 ? undefined : reports.splice(index, 1)[0]?.value;
}

/** Adds a report to a trace, combined with the one of the same name. */
export function addReport(trace: Trace, added: Report): void {
  const index = trace.reports.findIndex((known) => known.name === added.name);
  const known = trace.reports[index];
  if (known === undefined) {
    trace.reports.push(added);
    return;
  }
  requireSameKind(known, added);
  trace.reports[index] = { ...known, value: combineReports(known.combine, known.value, added.value) };
}

/** @throws TraceError if two reports of one name do not combine. */
export function requireSameKind(known: Report, added: Report): void {
  const [before, now] = [known, added].map(({ combine, value }) => `${combine} of ${formatType(value.type)}`);
  if (before === now) return;
  throw new TraceError('report', `'${added.name}' is ${now} and was ${before}`, {
    expected: 'one combination, dtype and shape for each name',
  });
}

function requireReportable(name: string, { dtype, rank, type }: Tensor, combine: Combine): void {
  const given = `'${name}' is ${formatType(type)}`;
  if (dtype === 'bool') {
    throw new DTypeError('report', given, { expected: 'numbers', advice: "Convert it with .cast('i32')." });
  }
  if (combine === 'first' && rank !== 1) {
    throw new ShapeError('report', given, {
      expected: 'a vector, whose leading element tells whether there is something to report',
    });
  }
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
