/** Typed errors. Each message is one paragraph: the operation, what was given, what was expected and what to do. */

/** What else an error can say. */
export interface ErrorDetails {
  /** What would have been right. */
  readonly expected?: string;
  /** What to do next. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/** Base of every error that this library throws; `code` names the kind without `instanceof`. */
export class NodeOdeError extends Error {
  readonly code: string;
  /** The function or operation that refused. */
  readonly operation: string;

  constructor(code: string, operation: string, problem: string, details: ErrorDetails = {}) {
    const expected = details.expected === undefined ? '' : `; expected ${details.expected}`;
    const advice = details.advice === undefined ? '' : ` ${details.advice}`;
    super(`${operation}: ${problem}${expected}.${advice}`, details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.operation = operation;
  }
}

/** Shapes that do not fit together. */
export class ShapeError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('SHAPE', operation, problem, details);
  }
}

/** Dtypes that do not fit together: f32 with f64, a float with i32. */
export class DTypeError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('DTYPE', operation, problem, details);
  }
}

/** Trees whose structures differ, or a leaf that is no tensor. */
export class TreeError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('TREE', operation, problem, details);
  }
}

/** A tensor used where its trace does not reach, or as a JavaScript value. */
export class TraceError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('TRACE', operation, problem, details);
  }
}

/** An option outside its range, or one that is not known. */
export class OptionError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('OPTION', operation, problem, details);
  }
}

/** Plugins that do not work together. */
export class CompositionError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('COMPOSITION', operation, problem, details);
  }
}

/** Something with no derivative was differentiated. */
export class DifferentiationError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('DIFFERENTIATION', operation, problem, details);
  }
}

/** An engine was asked for an operation or a dtype that it does not have. */
export class UnsupportedError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('UNSUPPORTED', operation, problem, details);
  }
}

/** An index outside its axis, a disposed array: found while a graph ran. */
export class ExecutionError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('EXECUTION', operation, problem, details);
  }
}

/** A file that is truncated, corrupt or foreign. What it holds is shortened: a name in it may be megabytes long. */
export class FormatError extends NodeOdeError {
  constructor(operation: string, problem: string, details: ErrorDetails = {}) {
    const { expected } = details;
    const shorter = expected === undefined ? {} : { expected: shortened(expected) };
    super('FORMAT', operation, shortened(problem), { ...details, ...shorter });
  }
}

const longest = 1000;

/** The beginning and the end of a text, if it is long. */
const shortened = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest / 2)} … ${text.slice(-longest / 2)}`;

/** A file or a folder that the system does not let be written or read: a full disk, no right to, no such folder. */
export class FileError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('FILE', operation, problem, details);
  }
}

/** Why a solve failed. */
export type SolveFailure =
  'maxSteps' | 'stepUnderflow' | 'nonFinite' | 'invalidTimes' | 'invalidTolerances' | 'invalidEvent' | 'notConverged';

/** Where a solve stopped, and why. */
export interface SolveFailureDetails {
  readonly reason: SolveFailure;
  readonly t: number;
  readonly h: number;
  readonly steps: number;
  readonly sample?: number;
  readonly failedSamples?: number;
}

/** A solve that could not reach its last time; says where it stopped. */
export class SolveError extends NodeOdeError {
  readonly reason: SolveFailure;
  /** Time that was reached. */
  readonly t: number;
  /** Size of the last step tried. */
  readonly h: number;
  /** Steps tried. */
  readonly steps: number;
  /** The first sample that failed, and how many did, where samples have steps of their own. */
  readonly sample: number | undefined;
  readonly failedSamples: number | undefined;

  constructor(failure: SolveFailureDetails, problem: string, details?: ErrorDetails) {
    super('SOLVE', 'odeint', problem, details);
    this.reason = failure.reason;
    this.t = failure.t;
    this.h = failure.h;
    this.steps = failure.steps;
    this.sample = failure.sample;
    this.failedSamples = failure.failedSamples;
  }
}
