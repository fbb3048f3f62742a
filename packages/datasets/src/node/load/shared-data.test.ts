// The real data sets, where this machine has them.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileServer } from '../../../test/file-server.ts';
import { noData, sharedData } from '../../../test/shared-data.ts';
import { physionetParameters } from '../../series/physionet.ts';
import { loadCaliforniaHousing, loadCifar10, loadMnist, loadPhysionet2012 } from '../index.ts';

const root = mkdtempSync(join(tmpdir(), 'shared-'));
afterAll(() => rmSync(root, { recursive: true }));

describe.skipIf(sharedData === undefined)(`the shared data (skipped if ${noData})`, () => {
  const folder = sharedData ?? '';

  it('MNIST is whole', async () => {
    const data = await loadMnist({ root: folder });
    expect([data.size('train'), data.size('test'), data.shape]).toEqual([60_000, 10_000, [1, 28, 28]]);
    const counts = (split: string): number[] => {
      const { label } = data.all(split);
      return Array.from({ length: 10 }, (_, digit) => label.data.filter((one: number) => one === digit).length);
    };
    expect(counts('test')).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const standardized = await loadMnist({ root: folder, scale: 'standardized', limit: 60_000 });
    // the mean and deviation that everyone normalises MNIST with
    expect(standardized.channels[0]?.mean).toBeCloseTo(0.1307, 4);
    expect(standardized.channels[0]?.std).toBeCloseTo(0.3081, 4);
  });

  it('MNIST is downloaded from a mirror, compared with its checksums, once', async () => {
    const names = [
      'train-images-idx3-ubyte.gz',
      'train-labels-idx1-ubyte.gz',
      't10k-images-idx3-ubyte.gz',
      't10k-labels-idx1-ubyte.gz',
    ];
    const server = fileServer();
    for (const name of names) server.offered.set(name, readFileSync(join(folder, 'mnist', name)));
    const mirror = await server.start();
    for (let i = 0; i < 2; i++) {
      const data = await loadMnist({ path: join(root, 'mirrored'), download: true, mirror, limit: 5 });
      expect(Array.from(data.all('train').label.data)).toEqual([5, 0, 4, 1, 9]);
    }
    expect(server.requested).toEqual(names);
    await server.stop();
  });

  it('the CIFAR-10 subset has 500 and 100 images a class', async () => {
    const files = { train: ['train_jpeg_5000.bin.gz'], test: ['test_jpeg_1000.bin.gz'] };
    const data = await loadCifar10({ root: folder, files });
    expect([data.size('train'), data.size('test')]).toEqual([5000, 1000]);
    const { label } = data.all('test');
    for (let c = 0; c < 10; c++) expect(label.data.filter((one: number) => one === c)).toHaveLength(100);
    await expect(loadCifar10({ root: folder })).rejects.toThrow('cifar-10-binary.tar.gz does not exist');
  });

  it('California housing has scikit-learn’s means, from both files', async () => {
    const raw = await loadCaliforniaHousing({ root: folder, dtype: 'f64', standardize: false });
    expect(raw.size('train') + raw.size('test')).toBe(20_640);
    const values = [...raw.all('train').y.data, ...raw.all('test').y.data];
    expect(values.reduce((sum, v) => sum + v, 0) / values.length).toBeCloseTo(2.0686, 4);
    mkdirSync(join(root, 'derived'));
    copyFileSync(
      join(folder, 'california-housing', 'california_housing.csv'),
      join(root, 'derived', 'california_housing.csv'),
    );
    const derived = await loadCaliforniaHousing({ path: join(root, 'derived'), dtype: 'f64', standardize: false });
    const [a, b] = [raw.all('test').x.data, derived.all('test').x.data];
    // the derived file has ten digits
    expect(a.every((value: number, i: number) => Math.abs(value - (b[i] ?? NaN)) <= 1e-9 * Math.abs(value))).toBe(true);
  });

  it('PhysioNet has 1000 records, 136 deaths, all its observations', async () => {
    const data = await loadPhysionet2012({ root: folder });
    const [train, test] = [data.all('train'), data.all('test')];
    expect([train.label.shape, test.label.shape, data.parameters]).toEqual([[800], [200], physionetParameters]);
    const deaths = [...train.label.data, ...test.label.data].filter((label) => label === 1).length;
    expect(deaths).toBe(136);
    expect(Math.max(...train.t.data.filter((_: number, i: number) => i % data.points === 0))).toBeLessThan(48);
    const seen = [train, test].map(({ mask }) => mask.data.filter((one: number) => one === 1).length);
    // 437,026 rows, less 4 × 1000 descriptors, 86 unknown weights, and repetitions
    expect(seen.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(430_000);
    expect(seen.reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(437_026 - 4000 - 86);
  });
});
