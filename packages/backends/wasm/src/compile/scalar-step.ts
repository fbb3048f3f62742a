/** Steps whose result is a scalar in a local. */
import { get, i32, op } from '../encoder/code.ts';
import { loadScalar } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import { scalarCode, scalarConstant } from './scalar.ts';
import type { ScalarStep } from './steps.ts';
import { elementBytes } from './types.ts';
import type { Variable } from './variable.ts';

/** Computes a scalar into its local. */
export function emitScalar(e: FunctionEmitter, { operation, inputs, output }: ScalarStep): void {
  const [x, index] = inputs;
  if (operation.op === 'element') {
    const { base, offset } = e.address(x!);
    e.setScalar(output, loadScalar(output, base === undefined ? i32(0) : get(base), offset));
    return;
  }
  if (operation.op === 'pick') {
    emitPick(e, x!, index!, output);
    return;
  }
  const operands = inputs.map((input) => e.scalarOperand(input));
  e.setScalar(output, scalarCode(e.f, e.context, operation, operands, output.dtype));
}

/** Element `index` of a tensor of one axis. */
function emitPick(e: FunctionEmitter, x: Variable, index: Variable, output: Variable): void {
  const { f } = e;
  const at = e.scalarOperand(index).local;
  const { base, offset } = e.address(x);
  const place = op('i32.mul', get(at), i32(elementBytes(x.dtype)));
  const address = base === undefined ? place : op('i32.add', get(base), place);
  const isFloat = x.dtype === 'f32' || x.dtype === 'f64';
  e.setScalar(output, scalarConstant(x.dtype, isFloat ? NaN : 0));
  f.emit(op('i32.lt_u', get(at), i32(x.shape[0]!))).if(() => {
    e.setScalar(output, loadScalar(output, address, offset));
  });
}
