import * as ort from 'onnxruntime-node';
import { afterEach, describe, expect, it } from 'vitest';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { tensorType } from '@node-ode/core';
import { handMade } from '../../test/hand-made-model.ts';
import { f32, smallModel } from '../../test/small-models.ts';
import type { OnnxModel } from '../model/ir.ts';
import type { Session } from './contract.ts';
import { optimizedModels } from './optimized-models.ts';
import { checkOptions, type OnnxOptions } from './options.ts';
import type { OrtModule, OrtSessionOptions } from './ort.ts';
import { sessions, type Sessions } from './sessions.ts';

const none = { hostOutputs: new Set<string>() };
const double = smallModel('double', { x: f32(2) }, { y: f32(2) }, [['Add', 'x', 'x', 'y']]);
/** x + 2⁰ + … as many times as it says: each a model of its own. */
const times = (n: number): OnnxModel =>
  smallModel(`times${n}`, { x: f32(2) }, { y: f32(2) }, [
    ['Add', 'x', 'x', 's0'],
    ...Array.from({ length: n }, (_, i) => ['Add', `s${i}`, 'x', i + 1 === n ? 'y' : `s${i + 1}`] as const),
  ]);

/** onnxruntime-node, with a record of what is made and released. */
function recorded(versions: OrtModule['env']['versions'] = ort.env.versions) {
  const created: OrtSessionOptions[] = [];
  let released = 0;
  let running = 0;
  let most = 0;
  const module: OrtModule = {
    ...ort,
    env: { versions, wasm: {} },
    InferenceSession: {
      create: async (model, options = {}) => {
        created.push(options);
        const providers = (options.executionProviders ?? []).map(({ name, ...rest }) => ({
          name: name === 'wasm' ? 'cpu' : name,
          ...rest,
        }));
        const session = await ort.InferenceSession.create(model, { ...options, executionProviders: providers });
        return {
          run: async (feeds) => {
            most = Math.max(most, ++running);
            try {
              return await session.run(feeds as never);
            } finally {
              running--;
            }
          },
          endProfiling: () => {
            session.endProfiling();
          },
          release: async () => {
            released++;
            await session.release();
          },
        };
      },
    },
  };
  return { module, created, released: () => released, mostAtOnce: () => most };
}

const open = (module: OrtModule, options: OnnxOptions = {}): Sessions =>
  sessions(module, checkOptions(options), undefined);

const input = (...values: number[]) => ({ x: new ort.Tensor('float32', Float32Array.from(values), [values.length]) });

const run = async (session: Session, ...values: number[]): Promise<readonly number[]> => {
  const { y } = await session.run(input(...values));
  return [...(y?.data as Float32Array)];
};

describe('sessions', () => {
  it('are shared by equal models, even at the same time', async () => {
    const { module, created, released } = recorded();
    const all = open(module);
    const [a, b] = await Promise.all([all.open(double, none), all.open(structuredClone(double), none)]);
    const c = await all.open(double, { hostOutputs: new Set(['y']) });
    expect(created.length).toBe(2); // another output location is another session
    await a.release();
    await a.release();
    expect(await run(b, 1, 2)).toEqual([2, 4]);
    await b.release();
    const again = await all.open(double, none);
    expect(created.length).toBe(2);
    expect(await run(again, 3, 4)).toEqual([6, 8]);
    await c.release();
    expect(released()).toBe(0);
    await all.close();
    expect(released()).toBe(2);
  });

  it('are kept for a while when nobody uses them: the last sixteen', async () => {
    const { module, created, released } = recorded();
    const all = open(module);
    const used = await all.open(times(40), none);
    for (let n = 1; n <= 18; n++) await (await all.open(times(n), none)).release();
    expect([created.length, released()]).toEqual([19, 2]);
    await all.open(times(18), none);
    expect(created.length).toBe(19);
    await all.open(times(1), none);
    expect(created.length).toBe(20);
    expect(await run(used, 1, -1)).toEqual([42, -42]);
    await all.close();
    expect(released()).toBe(20);
  });

  it('refuse everything when they are closed', async () => {
    const all = open(ort);
    const session = await all.open(double, none);
    const opening = all.open(times(2), none);
    await all.close();
    await expect(opening).rejects.toThrow('the backend was disposed');
    await expect(all.open(double, none)).rejects.toMatchObject({ code: 'EXECUTION' });
    await expect(session.run(input(1, 2))).rejects.toThrow('run: the backend was disposed');
    await session.release();
    await all.close();
  });

  it('have the options that were asked for', async () => {
    const { module, created } = recorded();
    const of = async (options: OnnxOptions): Promise<OrtSessionOptions | undefined> => {
      const all = open(module, options);
      await all.open(double, none).catch(() => undefined); // webgpu may be missing here
      await all.close();
      return created.at(-1);
    };
    expect(await of({ threads: 2, optimization: 'basic', providerOptions: { memoryArena: false } })).toEqual({
      executionProviders: [{ name: 'cpu' }],
      intraOpNumThreads: 2,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'basic',
      logSeverityLevel: 4,
      enableCpuMemArena: false,
      extra: { session: { disable_prepacking: '1' } },
    });
    const strict = { session: { disable_cpu_ep_fallback: '1' } };
    expect(
      await of({ provider: 'webgpu', providerOptions: { validationMode: 'full' }, logLevel: 'error' }),
    ).toMatchObject({
      executionProviders: [{ name: 'webgpu', validationMode: 'full' }],
      logSeverityLevel: 3,
      preferredOutputLocation: { y: 'gpu-buffer' },
      extra: strict,
    });
    expect(await of({ provider: 'cuda', providerOptions: { deviceId: 1 } })).toMatchObject({
      executionProviders: [{ name: 'cuda', deviceId: 1 }],
      extra: strict,
    });
  });

  it('of onnxruntime-web run one after the other, on wasm', async () => {
    const { module, created, mostAtOnce } = recorded({ common: '1.30.0', web: '1.30.0' });
    const all = open(module);
    const session = await all.open(double, none);
    const failing = session.run({});
    const results = Promise.all([1, 2, 3].map((n) => run(session, n, n)));
    await expect(failing).rejects.toThrow("input 'x' is missing");
    expect(await results).toEqual([
      [2, 2],
      [4, 4],
      [6, 6],
    ]);
    expect(mostAtOnce()).toBe(1);
    expect(created).toEqual([expect.objectContaining({ executionProviders: [{ name: 'wasm' }] })]);
    expect(created[0]).not.toHaveProperty('intraOpNumThreads');
    await all.close();
  });
});

describe('errors of ONNX Runtime', () => {
  it('name the operation that has no kernel', async () => {
    const all = open(ort);
    const atan = smallModel('angles', { x: tensorType([2], 'f64') }, { y: tensorType([2], 'f64') }, [
      ['Atan', 'x', 'y'],
    ]);
    await expect(all.open(atan, none)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(
        "provider 'cpu' has no kernel for 'atan' (ONNX Atan); expected an operation and a dtype",
      ),
      cause: expect.objectContaining({ message: expect.stringContaining('Atan') }),
    });
    // A failure is not kept, and harms nobody else.
    await expect(all.open(atan, none)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(await run(await all.open(double, none), 1, 2)).toEqual([2, 4]);
    await all.close();
  });

  it('name what a subgraph would leave to the CPU, which ONNX Runtime does not look at', async () => {
    const asked: OrtSessionOptions[] = [];
    const { InferenceSession } = recorded().module;
    const module: OrtModule = {
      ...ort,
      InferenceSession: {
        create: (model, options = {}) => {
          asked.push(options);
          // The flat model, which is never optimised.
          if (options.graphOptimizationLevel === 'disabled') {
            return Promise.reject(
              new Error('This session contains graph nodes that are assigned to the default CPU EP, but …'),
            );
          }
          return InferenceSession.create(model, { executionProviders: [{ name: 'cpu' }] });
        },
      },
    };
    const all = open(module, { provider: 'cuda' });
    await expect(all.open(handMade, none)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(
        "provider 'cuda' would leave 'made by hand: Mul' (ONNX Mul) of graph 'hand_made' to the CPU",
      ),
    });
    expect(asked.every(({ extra }) => extra !== undefined)).toBe(true);
    asked.length = 0;
    await all.open(double, none);
    expect(asked.length).toBe(1); // without control flow, ONNX Runtime looks at everything itself
    await all.close();
  });

  it('say what is wrong with a model', async () => {
    const all = open(ort);
    const wrong = smallModel('wrong', { x: tensorType([2], 'i32') }, { y: tensorType([2], 'i32') }, [
      ['Cos', 'x', 'y'],
    ]);
    await expect(all.open(wrong, none)).rejects.toMatchObject({
      code: 'EXECUTION',
      message: expect.stringMatching(
        /^compile: ONNX Runtime refused graph 'wrong' at 'cos' \(ONNX Cos\) \(.*tensor\(int32\).*printGraph/s,
      ),
    });
    await all.close();
  });

  it('name the operation that stopped a run', async () => {
    const all = open(ort);
    const gather = smallModel('look-up', { x: f32(3), i: tensorType([1], 'i32') }, { y: f32(1) }, [
      ['Gather', 'x', 'i', 'y'],
    ]);
    const session = await all.open(gather, none);
    const at = (i: number) => session.run({ ...input(1, 2, 3), i: new ort.Tensor('int32', Int32Array.of(i), [1]) });
    expect((await at(2))['y']?.data).toEqual(Float32Array.of(3));
    await expect(at(7)).rejects.toMatchObject({
      code: 'EXECUTION',
      message: expect.stringMatching(
        /^run: graph 'look-up' stopped at 'gather' \(ONNX Gather\) \(indices element out of data bounds, idx=7/,
      ),
      cause: expect.any(Error),
    });
    await all.close();
  });
});

describe('profiles', () => {
  it('are written when a session is released', async () => {
    const folder = await mkdtemp(`${tmpdir()}/node-ode-profile-`);
    const all = open(ort, { profile: `${folder}/run` });
    await run(await all.open(double, none), 1, 2);
    await all.close();
    const [name, ...more] = await readdir(folder);
    expect([name, more]).toEqual([expect.stringMatching(/^run.*\.json$/), []]);
    expect(await readFile(`${folder}/${name}`, 'utf8')).toContain('CPUExecutionProvider');
    await rm(folder, { recursive: true });
  });
});

describe('the cache folder', () => {
  const folders: string[] = [];
  const temporary = async (): Promise<string> => {
    const folder = await mkdtemp(`${tmpdir()}/node-ode-cache-`);
    folders.push(folder);
    return folder;
  };
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  /** Loads a model as a new process would, and tells whether it was made anew. */
  const load = async (
    folder: string,
    model: OnnxModel,
    { options = {}, versions }: { options?: OnnxOptions; versions?: OrtModule['env']['versions'] } = {},
  ): Promise<{ made: boolean; result: readonly number[] }> => {
    const { module, created } = recorded(versions);
    const all = sessions(module, checkOptions(options), await optimizedModels(folder));
    const result = await run(await all.open(model, none), 1, 2);
    await all.close();
    return { made: created.at(-1)?.optimizedModelFilePath !== undefined, result };
  };

  it('keeps optimised models by model, options and version', async () => {
    const folder = `${await temporary()}/made/when/needed`;
    const node = { common: '1.30.0', node: '1.30.0' };
    expect(await load(folder, times(3), { versions: node })).toEqual({ made: true, result: [5, 10] });
    expect(await load(folder, times(3), { versions: node })).toEqual({ made: false, result: [5, 10] });
    expect(await load(folder, times(4), { versions: node })).toEqual({ made: true, result: [6, 12] });
    expect(await load(folder, times(3), { versions: { ...node, node: '1.30.1' } })).toMatchObject({ made: true });
    expect(await load(folder, times(3), { versions: node, options: { optimization: 'basic' } })).toMatchObject({
      made: true,
    });
    expect(await load(folder, times(3), { versions: node, options: { threads: 2 } })).toMatchObject({ made: false });
    expect(await readdir(folder)).toEqual(
      Array.from({ length: 4 }, () => expect.stringMatching(/^[0-9a-f]{64}-[0-9a-f]{64}\.onnx$/)),
    );
  });

  it.each([
    ['cut short', (bytes: Uint8Array) => bytes.subarray(0, bytes.length / 2)],
    ['changed', (bytes: Uint8Array) => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte))],
    ['empty', () => new Uint8Array(0)],
  ])('makes an entry again that was %s', async (_, harm) => {
    const folder = await temporary();
    await load(folder, times(3));
    const [name] = await readdir(folder);
    const path = `${folder}/${name}`;
    const good = await readFile(path);
    await writeFile(path, harm(good));
    expect(await load(folder, times(3))).toEqual({ made: true, result: [5, 10] });
    expect(await readdir(folder)).toEqual([name]);
    expect(await readFile(path)).toEqual(good);
    expect(await load(folder, times(3))).toEqual({ made: false, result: [5, 10] });
  });

  it('makes an entry again that ONNX Runtime refuses', async () => {
    const folder = await temporary();
    await load(folder, times(3));
    const [name = ''] = await readdir(folder);
    const bytes = new TextEncoder().encode('not a model');
    const { contentHash } = await import('../model/hash.ts');
    await rm(`${folder}/${name}`);
    await writeFile(`${folder}/${name.slice(0, 64)}-${await contentHash(bytes)}.onnx`, bytes);
    expect(await load(folder, times(3))).toEqual({ made: true, result: [5, 10] });
    expect(await readdir(folder)).toEqual([name]);
  });

  it('is safe for several at once', async () => {
    const folder = await temporary();
    const results = await Promise.all(Array.from({ length: 6 }, () => load(folder, times(5))));
    expect(results.map(({ result }) => result)).toEqual(results.map(() => [7, 14]));
    expect((await readdir(folder)).length).toBe(1);
    expect(await load(folder, times(5))).toMatchObject({ made: false });
  });

  it('leaves nothing behind when a model is refused', async () => {
    const folder = await temporary();
    const atan = smallModel('angles', { x: tensorType([2], 'f64') }, { y: tensorType([2], 'f64') }, [
      ['Atan', 'x', 'y'],
    ]);
    await expect(load(folder, atan)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'is refused where none can be made: below /proc Node itself never ends',
    async () => {
      await expect(optimizedModels('/proc/nope/models')).rejects.toThrow(
        "cacheFolder = '/proc/nope/models' can't be written to",
      );
    },
  );

  it('has to be writable', async () => {
    const folder = await temporary();
    await writeFile(`${folder}/file`, '');
    await expect(optimizedModels(`${folder}/file`)).rejects.toMatchObject({
      code: 'OPTION',
      message: expect.stringMatching(
        /^onnx: cacheFolder = '.*file' can't be written to \(.*\); expected a folder that is writable/,
      ),
    });
  });
});
