import { array, type HostArray, type Tensor } from '@node-ode/core';
import { expectTypeOf, test } from 'vitest';
import { exportOnnx, type ExportedParts } from './export-onnx.ts';
import { loadOnnx, type LoadedModel } from './load-onnx.ts';

interface Params {
  readonly w: Tensor;
  readonly layers: readonly { readonly b: Tensor }[];
}
const fn = (p: Params, y0: Tensor) => ({ ys: y0.mul(p.w), more: [p.w, 1] as const });

test('specs follow the arguments', () => {
  const specs = [
    { w: { shape: [] }, layers: [{ b: array([1]) }] },
    { shape: ['batch', 2], dtype: 'f64' },
  ] as const;
  expectTypeOf(exportOnnx(fn, specs)).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf(exportOnnx(fn, specs, { externalData: { location: 'x' } })).toEqualTypeOf<ExportedParts>();
  // @ts-expect-error: an argument is missing
  exportOnnx(fn, [specs[0]]);
  // @ts-expect-error: a leaf is missing
  exportOnnx(fn, [{ layers: [] }, specs[1]]);
  // @ts-expect-error: no such dtype
  exportOnnx(fn, [specs[0], { shape: [2], dtype: 'f16' }]);
});

test('a loaded model has the types that it was exported with', () => {
  type Model = LoadedModel<Parameters<typeof fn>, ReturnType<typeof fn>>;
  expectTypeOf(loadOnnx<Parameters<typeof fn>, ReturnType<typeof fn>>).returns.resolves.toEqualTypeOf<Model>();
  type Given = Parameters<Model['run']>;
  expectTypeOf<Given[0]['w']>().toEqualTypeOf<HostArray | number | boolean>();
  type Result = Awaited<ReturnType<Model['run']>>;
  expectTypeOf<Result['result']['ys']>().toEqualTypeOf<HostArray>();
  expectTypeOf<Result['result']['more']>().toEqualTypeOf<readonly [HostArray, HostArray]>();
  expectTypeOf<Result['nfe']>().toEqualTypeOf<number | undefined>();
});

test('or takes and gives anything', () => {
  type Model = Awaited<ReturnType<typeof loadOnnx>>;
  expectTypeOf<Parameters<Model['run']>>().toEqualTypeOf<unknown[]>();
  expectTypeOf<Awaited<ReturnType<Model['run']>>['result']>().toBeUnknown();
});
