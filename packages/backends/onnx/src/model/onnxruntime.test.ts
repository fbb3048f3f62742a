// The files as others read them: ONNX Runtime for Node, and where Python is, the ONNX checker and ONNX Runtime for Python.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handMade, handMadeCase } from '../../test/hand-made-model.ts';
import { decodeModel } from './decode.ts';
import { encodeModel } from './encode.ts';

const python = process.env['NODE_ODE_PYTHON'] ?? '';
const asBytes = (values: readonly number[]): Uint8Array => Uint8Array.from(values);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-model-'));
  const aside = encodeModel(handMade, { externalData: { location: 'aside.data' } });
  await writeFile(join(folder, 'inline.onnx'), encodeModel(handMade).bytes);
  await writeFile(join(folder, 'aside.onnx'), aside.bytes);
  await writeFile(join(folder, 'aside.data'), aside.externalData!);
});
afterAll(() => rm(folder, { recursive: true }));

describe('ONNX Runtime for Node', () => {
  it.each(['inline.onnx', 'aside.onnx'])('runs %s', async (file) => {
    const session = await InferenceSession.create(join(folder, file));
    const { outputs, x, trips } = handMadeCase;
    const results = await session.run({
      x: new Tensor('float32', x, [3]),
      trips: new Tensor('int64', [BigInt(trips)], []),
    });
    await session.release();
    expect(Object.fromEntries(Object.entries(results).map(([name, { data, dims }]) => [name, { data, dims }]))).toEqual(
      {
        y: { data: Float32Array.from(outputs.y), dims: [3] },
        ys: { data: Float64Array.from(outputs.ys), dims: [3, 3] },
        squares: { data: Float64Array.from(outputs.squares), dims: [2] },
        doubled: { data: Int32Array.from(outputs.doubled), dims: [2, 2] },
        opposite: { data: asBytes(outputs.opposite), dims: [3] },
        picked: { data: BigInt64Array.from(outputs.picked), dims: [2] },
        constant: { data: Float32Array.from(outputs.constant), dims: [2] },
      },
    );
  });
});

const script = `
import json, sys, numpy, onnx, onnxruntime
folder, case = sys.argv[1], json.loads(sys.argv[2])
for name in ("inline.onnx", "aside.onnx"):
    path = folder + "/" + name
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    assert model.producer_name == "node-ode"
    assert {p.key: p.value for p in model.metadata_props}["rtol"] == "1e-6"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feeds = {"x": numpy.array(case["x"], numpy.float32), "trips": numpy.array(case["trips"], numpy.int64)}
    results = dict(zip((o.name for o in session.get_outputs()), session.run(None, feeds)))
    for key, expected in case["outputs"].items():
        assert results[key].ravel().tolist() == expected, (name, key, results[key])
    # Written again by Python: elements in typed fields, as older exporters left them.
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        typed = onnx.helper.make_tensor(tensor.name, tensor.data_type, values.shape, values.ravel().tolist())
        typed.doc_string = tensor.doc_string
        tensor.CopyFrom(typed)
    onnx.save(model, folder + "/rewritten-" + name)
print("checked with onnx", onnx.__version__, "and onnxruntime", onnxruntime.__version__)
`;

describe.skipIf(python === '')('Python, which NODE_ODE_PYTHON names', () => {
  it('checks and runs the files, and what it writes is read here', async () => {
    const { outputs, x, trips } = handMadeCase;
    const finite = Object.entries(outputs).filter(([name]) => name !== 'constant'); // JSON has no -0 and no infinity
    const numbers = Object.fromEntries(finite.map(([name, values]) => [name, values.map(Number)]));
    // 2^62 − 199 needs every digit.
    const json = JSON.stringify({ x, trips, outputs: { ...numbers, picked: 'PICKED' } });
    const { stdout } = await promisify(execFile)(python, [
      '-c',
      script,
      folder,
      json
        .replace('"PICKED"', `[${outputs.picked.join(',')}]`)
        .replace(/"(opposite)":\[0,1,0\]/, '"$1":[false,true,false]'),
    ]);
    expect(stdout).toMatch(/^checked with onnx/);
    for (const file of ['rewritten-inline.onnx', 'rewritten-aside.onnx']) {
      expect(decodeModel(await readFile(join(folder, file)))).toStrictEqual(handMade);
    }
  }, 120_000);
});
