/** Whatever a safetensors file holds, it is read or refused: soon, and with memory in proportion. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, random } from '@node-ode/core';
import { bounded, damaged, escapingPaths, hostileName, objectNames } from '@node-ode/tools/fuzz';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeCheckpoint, decodeSafetensors, encodeCheckpoint, encodeSafetensors, type Checkpoint } from './index.ts';
import { latestCheckpoint, readSafetensors } from './node/index.ts';

const checkpoint: Checkpoint = {
  ...{ step: 7, epoch: 1, batch: 2, seconds: 0.5, metadata: { seed: '1' } },
  random: random(1).state(),
  state: new Map([
    ['params.w', array([[1, 2, 3]])],
    ['params.b', array([0.5], { dtype: 'f64' })],
    ['step', array(7, { dtype: 'i32' })],
    ['mask', array([true, false])],
  ]),
  history: { step: [1, 2], loss: [0.5, NaN] },
};
const valid = encodeCheckpoint(checkpoint);

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with this header, and so many bytes behind it. */
function file(header: string, bytes = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const content = new Uint8Array(8 + text.length + bytes);
  new DataView(content.buffer).setBigUint64(0, BigInt(text.length), true);
  content.set(text, 8);
  return content;
}

describe('a damaged file', () => {
  it('is read or refused, as bytes and from the disk alike', async () => {
    const path = join(folder, 'x');
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(damaged(valid), async (bytes) => {
        const outcome = await bounded(bytes.length, () => decodeSafetensors(bytes, path));
        writeFileSync(path, bytes);
        const fromDisk = await bounded(bytes.length, () => readSafetensors(path));
        expect(fromDisk).toEqual(outcome);
        await bounded(bytes.length, () => decodeCheckpoint(bytes));
        seen.add(Object.keys(outcome)[0] ?? '');
      }),
      { numRuns: 400 },
    );
    expect([...seen].sort()).toEqual(['refused', 'value']);
  });

  it('among checkpoints is passed over', async () => {
    await fc.assert(
      fc.asyncProperty(damaged(valid), async (bytes) => {
        writeFileSync(join(folder, 'step-000000008.safetensors'), bytes);
        writeFileSync(join(folder, 'step-000000007.safetensors'), valid);
        const { value } = {
          value: undefined,
          ...(await bounded(2 * bytes.length, () => latestCheckpoint(folder, { warn: () => undefined }))),
        };
        expect(value?.state.size).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('any header', () => {
  const json = fc.json({ maxDepth: 6 });
  const entry = fc.record({
    dtype: fc.constantFrom<unknown>('F32', 'BOOL', 'F16', 'I64', 1, null, ['F32']),
    shape: fc.oneof(
      fc.array(fc.maxSafeNat()),
      fc.constantFrom<unknown>([2 ** 53, 0], [-1], [1.5], 'x', null, { length: 2 }),
    ),
    data_offsets: fc.oneof(
      fc.tuple(fc.nat(64), fc.nat(64)),
      fc.constantFrom<unknown>([0], [0, 2 ** 53], [-8, 0], [4, 0], {}),
    ),
  });
  const header = fc.dictionary(hostileName, entry).map((entries) => JSON.stringify(entries));

  it('is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(json, header), fc.nat(128), async (text, bytes) => {
        const content = file(text, bytes);
        await bounded(content.length, () => decodeSafetensors(content));
      }),
      { numRuns: 400 },
    );
  });

  const ofAxes = (shape: readonly number[]): Uint8Array =>
    file(JSON.stringify({ x: { dtype: 'F32', shape, data_offsets: [0, 4] } }), 4);
  const ofTensors = (count: number): Uint8Array => {
    const entries = Array.from({ length: count }, (_, i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`);
    return file(`{${entries.join(',')}}`);
  };

  it.each<readonly [string, Uint8Array]>([
    ['nested deep', file('{"a":'.repeat(200_000))],
    ['of brackets', file(`{"x":${'['.repeat(200_000)}`)],
    ['of a long name', file(JSON.stringify({ ['x'.repeat(200_000)]: {} }))],
    ['of a long dtype', file(JSON.stringify({ x: { dtype: 'F'.repeat(200_000) } }))],
    ['of many axes', ofAxes(Array.from({ length: 100_000 }, () => 2))],
    ['of many axes of 1', ofAxes(Array.from({ length: 100_000 }, () => 1))],
    ['of many tensors', ofTensors(50_000)],
    ['of keys that repeat', file(`{${'"a":1,'.repeat(100_000)}"a":1}`)],
    ['of spaces', file(`{${' '.repeat(300_000)}}`)],
    ['of strings and spaces', file(`{${'"" '.repeat(100_000)}}`)],
    ['of backslashes', file(`{"${'\\\\'.repeat(100_000)}":{}}`)],
    ['of metadata', file(JSON.stringify({ __metadata__: { format: 'x'.repeat(300_000) } }))],
  ])('%s', async (_what, content) => {
    await bounded(content.length, () => decodeSafetensors(content));
    await bounded(content.length, () => decodeCheckpoint(content));
  });

  it('that claims bytes which are not there takes no memory for them', async () => {
    const text = JSON.stringify({ x: { dtype: 'F32', shape: [2 ** 40], data_offsets: [0, 2 ** 42] } });
    const outcome = await bounded(text.length, () => decodeSafetensors(file(text, 4)), { bytes: 100_000 });
    expect(outcome).toHaveProperty('refused');
  });
});

it('names are names, wherever they might lead', () => {
  const names = [...escapingPaths.filter((name) => name !== ''), ...objectNames];
  const tensors = names.map((name, i) => [name, array([i])] as const);
  const read = decodeSafetensors(encodeSafetensors(tensors));
  for (const [name, tensor] of tensors) expect(read.tensors.get(name)).toEqual(tensor);
  const history = Object.fromEntries(objectNames.map((name) => [name, [1]]));
  const back = decodeCheckpoint(encodeCheckpoint({ ...checkpoint, history }));
  expect(Object.keys(back.history).sort()).toEqual([...objectNames].sort());
  expect(Object.getPrototypeOf(back.history)).toBe(Object.prototype);
});
