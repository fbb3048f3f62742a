import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { handMade } from '../../test/hand-made-model.ts';
import { f32, smallModel } from '../../test/small-models.ts';
import { encodeModel } from '../model/encode.ts';
import type { OnnxModel, OnnxNode } from '../model/ir.ts';
import { checkOptions } from './options.ts';
import { firstRefused, flatten } from './flatten.ts';
import { hasControlFlow, nodesOf } from './placement.ts';
import { sessions } from './sessions.ts';

const chain = smallModel('chain', { x: f32(2) }, { y: f32(2) }, [
  ['Exp', 'x', 'a'],
  ['Neg', 'a', 'b'],
  ['Cos', 'b', 'c'],
  ['Abs', 'c', 'y'],
]);

describe('a flat model', () => {
  it('has the nodes of all graphs, once, and no control flow', async () => {
    const flat = flatten(handMade);
    expect(hasControlFlow(flat.graph)).toBe(false);
    const plain = ({ opType }: OnnxNode): boolean => !['If', 'Loop', 'Scan', 'Shape'].includes(opType);
    const names = (model: OnnxModel): string[] =>
      [...nodesOf(model.graph)].filter(plain).map(({ opType, outputs }) => `${opType} ${outputs.join()}`);
    expect(names(flat)).toEqual(names(handMade));
    // ONNX Runtime finds every name and every type.
    const session = await ort.InferenceSession.create(encodeModel(flat).bytes, { logSeverityLevel: 4 });
    await session.release();
  });

  it('tells which of its nodes is refused', async () => {
    const asked: number[] = [];
    const refusing = (opType: string) => (model: OnnxModel) => {
      asked.push(model.graph.nodes.length);
      return Promise.resolve(model.graph.nodes.some((node) => node.opType === opType));
    };
    for (const node of chain.graph.nodes) {
      expect(await firstRefused(flatten(chain), refusing(node.opType))).toEqual(node);
    }
    expect(await firstRefused(flatten(chain), refusing('Sin'))).toBeUndefined();
    expect(await firstRefused(flatten(smallModel('none', { x: f32() }, {}, [])), refusing('Sin'))).toBeUndefined();
    // Bisection: the whole, and two halves.
    expect(asked.length).toBeLessThanOrEqual(4 * 3 + 1);
  });
});

describe.runIf(process.env['NODE_ODE_WEBGPU'] === 'swiftshader')('webgpu', () => {
  const none = { hostOutputs: new Set<string>() };

  it('is asked which node it has no kernel for', async () => {
    const all = sessions(ort, checkOptions({ provider: 'webgpu' }), undefined);
    const det = smallModel('determinant', { x: f32(3, 3) }, { y: f32() }, [
      ['Exp', 'x', 'e'],
      ['Neg', 'e', 'n'],
      ['Det', 'n', 'd'],
      ['Sin', 'd', 'y'],
    ]);
    await expect(all.open(det, none)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(
        "provider 'webgpu' would leave 'det' (ONNX Det) of graph 'determinant' to the CPU; expected",
      ),
    });
    const session = await all.open(chain, none);
    const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(0, 1), [2]) });
    expect(y?.location).toBe('gpu-buffer');
    y?.dispose();
    await all.close();
  });

  it('runs loops inside a model where that was asked for', async () => {
    const all = sessions(ort, checkOptions({ provider: 'webgpu', loops: 'graph' }), undefined);
    const floats = { ...handMade, graph: { ...handMade.graph, outputs: handMade.graph.outputs.slice(0, 1) } };
    const session = await all.open(floats, { hostOutputs: new Set(['y']) });
    const feeds = {
      x: new ort.Tensor('float32', Float32Array.of(1, 2), [2]),
      trips: new ort.Tensor('int64', BigInt64Array.of(2n), []),
    };
    // (x/2 + ¼)/2 − ¼
    expect((await session.run(feeds))['y']?.data).toEqual(Float32Array.of(0.125, 0.375));
    await all.close();
  });
});
