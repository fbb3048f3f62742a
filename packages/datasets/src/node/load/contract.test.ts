// Loaders give data sets as the contract has them, and refuse files that do not belong together.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { testDataset } from '@node-ode/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadMnist, loadPhysionet2012 } from '../index.ts';

const root = mkdtempSync(join(tmpdir(), 'contract-'));
afterAll(() => rmSync(root, { recursive: true }));
const put = (name: string, bytes: Uint8Array | string): string => {
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
  return path;
};

describe('small files of the same formats', () => {
  const idx = (shape: readonly number[], data: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, n >>> 8, n & 255])]), data]);
  const pixels = (n: number): Uint8Array => Uint8Array.from({ length: n * 12 }, (_, i) => (i * 7) % 256);
  beforeAll(() => {
    for (const [split, n] of [
      ['train', 9],
      ['t10k', 4],
    ] as const) {
      put(`mnist/${split}-images-idx3-ubyte`, idx([n, 3, 4], pixels(n)));
      put(
        `mnist/${split}-labels-idx1-ubyte.gz`,
        gzipSync(
          idx(
            [n],
            Uint8Array.from({ length: n }, (_, i) => i),
          ),
        ),
      );
    }
    const lines = Array.from({ length: 30 }, (_, i) => `${i % 6},${i},HR,${60 + i}`);
    put('physionet2012/set_a_first1000.csv', `record_id,minutes,parameter,value\n${lines.join('\n')}\n`);
    put('physionet2012/outcomes_a_first1000.csv', 'RecordID,In-hospital_death\n0,0\n1,1\n2,0\n3,0\n4,1\n5,0\n');
  });
  testDataset(() => loadMnist({ root }), { splits: ['train', 'test'] });
  testDataset(() => loadPhysionet2012({ root, parameters: ['HR'] }), { splits: ['train', 'test'] });

  it('refuses labels that are not of the images', async () => {
    expect((await loadMnist({ root })).all('test').x.shape).toEqual([4, 1, 3, 4]);
    const labels = put('odd/train-labels-idx1-ubyte', idx([9], Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 11)));
    for (const name of ['train-images-idx3-ubyte', 't10k-images-idx3-ubyte'])
      put(`odd/${name}`, idx([9, 3, 4], pixels(9)));
    copyFileSync(labels, join(root, 'odd', 't10k-labels-idx1-ubyte'));
    await expect(loadMnist({ path: join(root, 'odd') })).rejects.toThrow('offset 16: the label of image 8 is 11');
    writeFileSync(labels, idx([8], new Uint8Array(8)));
    await expect(loadMnist({ path: join(root, 'odd') })).rejects.toThrow('labels of shape [8]');
    copyFileSync(labels, join(root, 'odd', 'train-images-idx3-ubyte'));
    await expect(loadMnist({ path: join(root, 'odd') })).rejects.toThrow('an array of shape [8]');
    writeFileSync(join(root, 'physionet2012', 'outcomes_a_first1000.csv'), 'RecordID\n1\n');
    await expect(loadPhysionet2012({ root })).rejects.toThrow('tells no outcomes');
  });
});
