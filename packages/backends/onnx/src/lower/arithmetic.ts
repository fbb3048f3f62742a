/** Formulas as nodes: operators of one dtype on named values, each demanded of the provider. */
import { broadcastShapes, sameShape, type DType, type Shape } from '@node-ode/core';
import { elementTypeOf } from '../model/ir.ts';
import type { Attributes, Emitter, Operand, Provider } from './contract.ts';
import { hasKernel, requireKernel, type Kernel } from './kernels.ts';

const logical: ReadonlySet<Kernel> = new Set<Kernel>(['Not', 'And', 'Or', 'Xor']);

/** Emits the nodes of one primitive, whose floats or integers have one dtype. */
export class Arithmetic {
  readonly #emitter: Emitter;
  readonly #primitive: string;
  readonly dtype: DType;

  constructor(emitter: Emitter, primitive: string, dtype: DType) {
    this.#emitter = emitter;
    this.#primitive = primitive;
    this.dtype = dtype;
  }

  /**
   * Whether functions are only as good as WGSL promises: NaN and infinities may be lost, and sine and cosine are off by up to 2⁻¹¹.
   * SwiftShader is that rough.
   */
  get isLoose(): boolean {
    return this.provider === 'webgpu';
  }

  get provider(): Provider {
    return this.#emitter.provider;
  }

  /** Whether the provider has an operator for this dtype. */
  has(kernel: Kernel, dtype = this.dtype): boolean {
    return hasKernel(this.provider, kernel, elementTypeOf(dtype));
  }

  /** @throws UnsupportedError naming the primitive if the provider lacks the operator. */
  apply(kernel: Kernel, operands: readonly string[], attributes: Attributes = {}): string {
    requireKernel(this.#emitter, this.#primitive, kernel, logical.has(kernel) ? 'bool' : this.dtype);
    return this.#emitter.emit(kernel, operands, attributes);
  }

  /** A constant of the dtype. */
  number(value: number): string {
    return this.#emitter.scalar(value, this.dtype);
  }

  add(x: string, y: string): string {
    return this.apply('Add', [x, y]);
  }

  sub(x: string, y: string): string {
    return this.apply('Sub', [x, y]);
  }

  mul(x: string, y: string): string {
    return this.apply('Mul', [x, y]);
  }

  div(x: string, y: string): string {
    return this.apply('Div', [x, y]);
  }

  /** |x|. CUDA's kernel makes −0 of 0, which `Max` takes back. */
  abs(x: string): string {
    const size = this.apply('Abs', [x]);
    return this.provider === 'cuda' && this.dtype !== 'i32' ? this.apply('Max', [size, this.number(0)]) : size;
  }

  less(x: string, y: string): string {
    return this.apply('Less', [x, y]);
  }

  equal(x: string, y: string): string {
    return this.apply('Equal', [x, y]);
  }

  where(condition: string, whenTrue: string, whenFalse: string): string {
    return this.apply('Where', [condition, whenTrue, whenFalse]);
  }

  /** Limits x to [low, high]. */
  clip(x: string, low: number, high: number): string {
    return this.apply('Clip', [x, this.number(low), this.number(high)]);
  }

  /** Values of this dtype as another one. */
  cast(x: string, dtype: DType): string {
    return cast(this.#emitter, this.#primitive, x, this.dtype, dtype);
  }

  /** Formulas of another dtype for the same primitive. */
  as(dtype: DType): Arithmetic {
    return new Arithmetic(this.#emitter, this.#primitive, dtype);
  }
}

/** `TensorProto.DataType` of the dtypes that a cast may make. */
const dataTypes = { f32: 1, f64: 11, i32: 6, bool: 9 } as const satisfies Record<DType, number>;

/** Values of dtype `from` as dtype `to`. */
export function cast(emitter: Emitter, primitive: string, x: string, from: DType, to: DType): string {
  requireKernel(emitter, primitive, `Cast to ${elementTypeOf(to)}`, from);
  return emitter.emit('Cast', [x], { to: { kind: 'int', value: dataTypes[to] } });
}

/** Names of operands that broadcast to `shape` together: splats stay scalars where the others have the shape by themselves. */
export function broadcastNames(operands: readonly Operand[], shape: Shape): readonly string[] {
  const expanded = new Set<Operand>();
  const isWhole = (): boolean =>
    sameShape(
      broadcastShapes(
        'broadcast',
        ...operands.map((operand) => (operand.splat === undefined || expanded.has(operand) ? operand.type.shape : [])),
      ),
      shape,
    );
  for (const operand of operands) {
    if (isWhole()) break;
    expanded.add(operand);
  }
  return operands.map((operand) => (expanded.has(operand) ? operand.name : operand.broadcast));
}
