import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { FormatError, OptionError } from '@node-ode/core';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { fileServer } from '../../../test/file-server.ts';
import { writeTar } from '../../../test/tar.ts';
import { breastCancer } from '../../breast-cancer/breast-cancer.ts';
import { lynxHare } from '../../lynx-hare/lynx-hare.ts';
import {
  loadBreastCancer,
  loadCaliforniaHousing,
  loadCifar10,
  loadIdx,
  loadLynxHare,
  loadMat,
  loadMnist,
  loadPhysionet2012,
  loadSvhn,
} from '../index.ts';
import { rowsOfRecord } from './physionet.ts';

const root = mkdtempSync(join(tmpdir(), 'load-'));
const files = fileServer();
let mirror = '';
beforeAll(async () => {
  mirror = await files.start();
});
afterAll(async () => {
  await files.stop();
  rmSync(root, { recursive: true });
});
afterEach(() => {
  files.requested.length = 0;
  vi.unstubAllEnvs();
});
const put = (name: string, bytes: Uint8Array | string): string => {
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
  return path;
};
const packaged = (name: string): string => fileURLToPath(new URL(`../../../data/${name}`, import.meta.url));

describe('where files are', () => {
  it('is said by path, root or NODE_ODE_DATA; nothing is downloaded unasked', async () => {
    vi.stubEnv('NODE_ODE_DATA', undefined);
    await expect(loadMnist()).rejects.toThrow('loadMnist: nothing says where “mnist” is, or has to go');
    await expect(loadMnist()).rejects.toThrow(OptionError);
    await expect(loadMnist()).rejects.toMatchObject({ name: 'MissingDataError', data: { dataset: 'mnist' } });
    await expect(loadMnist({ download: true, mirror })).rejects.toThrow(OptionError);
    vi.stubEnv('NODE_ODE_DATA', join(root, 'nothing'));
    for (const load of [
      loadMnist,
      loadCifar10,
      loadSvhn,
      loadCaliforniaHousing,
      loadPhysionet2012,
      loadBreastCancer,
      loadLynxHare,
    ]) {
      await expect(load({ mirror })).rejects.toThrow(OptionError);
      await expect(load({ mirror })).rejects.toThrow('set download: true to get it from http');
      await expect(load({ mirror })).rejects.toThrow(' does not exist; expected ');
      await expect(load({ mirror, download: true, retries: 0 })).rejects.toThrow('the server answers 404');
    }
    expect(files.requested).toHaveLength(7);
    expect(existsSync(join(root, 'nothing', 'mnist', 'train-images-idx3-ubyte.gz'))).toBe(false);
  });
});

describe('loadLynxHare', () => {
  it('downloads the file of Stan’s example once, and has the packaged series', async () => {
    const rows = readFileSync(packaged('lynx-hare/lynx_hare.csv'), 'utf8').trim().split('\n').slice(1);
    const text = [
      '# Data from http://www.math.tamu.edu/~phoward/m442/modbasics.pdf',
      '# Downloaded 15 October 2017, 4:59 PM EDT',
      'Year, Lynx, Hare',
      ...rows.map((row) => row.replaceAll(',', ', ')),
    ].join('\n');
    files.offered.set('hudson-bay-lynx-hare.csv', Buffer.from(text));
    const folder = join(root, 'lynx');
    const progress: number[] = [];
    const options = {
      path: folder,
      download: true,
      mirror,
      onProgress: ({ received }: { received: number }) => progress.push(received),
    };
    expect((await loadLynxHare(options)).all('train')).toEqual(lynxHare().all('train'));
    await loadLynxHare(options);
    expect([files.requested, progress.at(-1)]).toEqual([['hudson-bay-lynx-hare.csv'], 470]);
    const shipped = await loadLynxHare({ path: packaged('lynx-hare'), holdOut: 2 });
    expect(shipped.all('test')).toEqual(lynxHare({ holdOut: 2 }).all('test'));
    put('bad-lynx/lynx_hare.csv', 'year,lynx\n1900,1\n');
    await expect(loadLynxHare({ path: join(root, 'bad-lynx') })).rejects.toThrow('has columns year, lynx');
    put('bad-lynx/lynx_hare.csv', 'year,lynx,hare\n1900,1,NA\n1901,1,2\n1902,2,3\n');
    await expect(loadLynxHare({ path: join(root, 'bad-lynx') })).rejects.toThrow('row 1 has a missing value');
  });
});

describe('loadBreastCancer', () => {
  it('reads the packaged file, and UCI’s with the same rows', async () => {
    const all = breastCancer({ seed: 2 }).all('test');
    expect((await loadBreastCancer({ path: packaged('breast-cancer'), seed: 2 })).all('test')).toEqual(all);
    const [, ...rows] = readFileSync(packaged('breast-cancer/breast_cancer.csv'), 'utf8').trim().split('\n');
    const wdbc = rows.map((row, i) => {
      const fields = row.split(',');
      return [1000 + i, fields.pop() === '0' ? 'M' : 'B', ...fields].join(',');
    });
    put('uci/wdbc.data', `${wdbc.join('\n')}\n`);
    const data = await loadBreastCancer({ path: join(root, 'uci'), seed: 2 });
    expect([data.all('test'), data.features.length, data.classes]).toEqual([all, 30, ['malignant', 'benign']]);
    put('uci/wdbc.data', wdbc.join('\n').replace(',M,', ',X,'));
    await expect(loadBreastCancer({ path: join(root, 'uci') })).rejects.toThrow('row 1: the diagnosis is “X”');
  });

  it('refuses a file that is not the one of the checksum', async () => {
    files.offered.set('wdbc.data', Buffer.alloc(124103, '1'));
    const path = join(root, 'forged');
    await expect(loadBreastCancer({ path, download: true, mirror })).rejects.toThrow(FormatError);
    expect(existsSync(join(path, 'wdbc.data'))).toBe(false);
  });
});

describe('loadCaliforniaHousing', () => {
  const rows = Array.from({ length: 10 }, (_, i) => [-122 + i, 37, 41, 880 + i, 129, 322, 126, 8.3, 452600 + 1000 * i]);
  const text = rows.map((row) => row.map((value) => value.toFixed(6)).join(',')).join('\n');

  it('derives features from the raw columns, in a file or in the archive', async () => {
    put('cal/cal_housing.data', text);
    const data = await loadCaliforniaHousing({ path: join(root, 'cal'), standardize: false, dtype: 'f64' });
    expect(data.features).toEqual([
      'MedInc',
      'HouseAge',
      'AveRooms',
      'AveBedrms',
      'Population',
      'AveOccup',
      'Latitude',
      'Longitude',
    ]);
    const { x, y } = data.all('test');
    const i = Math.round(((y.data[0] ?? NaN) - 4.526) * 100);
    expect(Array.from(x.data.subarray(0, 8))).toEqual([
      8.3,
      41,
      (880 + i) / 126,
      129 / 126,
      322,
      322 / 126,
      37,
      -122 + i,
    ]);
    put('tgz/cal_housing.tgz', gzipSync(writeTar([['CaliforniaHousing/cal_housing.data', Buffer.from(text)]])));
    expect(
      (await loadCaliforniaHousing({ path: join(root, 'tgz'), standardize: false, dtype: 'f64' })).all('test').x,
    ).toEqual(x);
    put('cal/cal_housing.data', text.replace(',126.000000', ',0.000000'));
    await expect(loadCaliforniaHousing({ path: join(root, 'cal') })).rejects.toThrow('row 1: 0 households');
    put('tgz/cal_housing.tgz', writeTar([]));
    await expect(loadCaliforniaHousing({ path: join(root, 'tgz') })).rejects.toThrow('has no file cal_housing.data');
  });
});

describe('loadCifar10', () => {
  const record = (label: number): Buffer => Buffer.concat([Buffer.of(label), Buffer.alloc(3072, label)]);
  const names = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), 'test_batch.bin'];

  it('reads batches as files, compressed, in their folder, or in the archive', async () => {
    names.forEach((name, i) => put(`cifar-files/${name}`, record(i)));
    names.forEach((name, i) => put(`cifar-gz/cifar-10-batches-bin/${name}.gz`, gzipSync(record(i))));
    const files = names.map((name, i) => [`cifar-10-batches-bin/${name}`, record(i)] as const);
    put(
      'cifar-tar/cifar-10-binary.tar.gz',
      gzipSync(writeTar([['cifar-10-batches-bin/readme.html', Buffer.from('x')], ...files])),
    );
    for (const folder of ['cifar-files', 'cifar-gz', 'cifar-tar']) {
      const data = await loadCifar10({ path: join(root, folder) });
      expect(Array.from(data.all('train').label.data)).toEqual([0, 1, 2, 3, 4]);
      expect(Array.from(data.all('test').label.data)).toEqual([5]);
      expect(data.all('test').x.data[3071]).toBe(Math.fround(5 / 255));
    }
    put('cifar-tar/cifar-10-binary.tar.gz', gzipSync(writeTar(files.slice(1))));
    await expect(loadCifar10({ path: join(root, 'cifar-tar') })).rejects.toThrow('has no file data_batch_1.bin');
    put('cifar-files/test_batch.bin', record(5).subarray(0, 3000));
    await expect(loadCifar10({ path: join(root, 'cifar-files') })).rejects.toThrow(
      'test_batch.bin, offset 0: 3000 bytes are no image',
    );
    await expect(loadCifar10({ path: root, files: { train: [], test: [] } })).rejects.toThrow(OptionError);
  });
});

describe('loadSvhn', () => {
  it('reads SciPy’s files', async () => {
    mkdirSync(join(root, 'svhn'));
    const fixture = fileURLToPath(new URL('../../mat/fixtures/svhn.mat', import.meta.url));
    for (const name of ['train_32x32.mat', 'test_32x32.mat']) copyFileSync(fixture, join(root, 'svhn', name));
    const data = await loadSvhn({ root });
    expect([data.shape, Array.from(data.all('train').label.data)]).toEqual([
      [3, 4, 5],
      [0, 1, 9, 5, 0, 2],
    ]);
    const [y] = await loadMat(join(root, 'svhn', 'test_32x32.mat'), { names: ['y'] });
    expect(y?.shape).toEqual([6, 1]);
    writeFileSync(join(root, 'svhn', 'test_32x32.mat'), readFileSync(fixture).subarray(0, 400));
    await expect(loadSvhn({ root })).rejects.toThrow(/test_32x32\.mat, offset \d+/);
  });
});

describe('loadIdx', () => {
  it('refuses headers that claim more than there is, without memory for it', async () => {
    const claim = Buffer.from([0, 0, 8, 3, 0x7f, 255, 255, 255, 0, 0, 4, 0, 0, 0, 4, 0, 1, 2, 3]);
    for (const bytes of [claim, gzipSync(claim)])
      await expect(loadIdx(put('claim', bytes))).rejects.toThrow(
        /claim, offset 19: 19 bytes, of which the header claims 2251799812636688/,
      );
    const longer = Buffer.concat([Buffer.from([0, 0, 8, 1, 0, 0, 0, 2]), Buffer.alloc(5_000_000)]);
    await expect(loadIdx(put('longer', gzipSync(longer)))).rejects.toThrow(FormatError);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.boolean(), async (bytes, zipped) => {
        await loadIdx(put('fuzzed', zipped ? gzipSync(bytes) : bytes)).catch((error: unknown) =>
          expect(error).toBeInstanceOf(FormatError),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('loadPhysionet2012', () => {
  const record = (id: number, hr: number): string =>
    `Time,Parameter,Value\n00:00,RecordID,${id}\n00:00,Age,54\n00:00,Weight,-1\n00:07,HR,${hr}\n47:30,Temp,37.5\n12:00,,5\n`;
  const ids = [132539, 132540, 132541, 132543];
  const outcomes = `RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death\n${ids.map((id, i) => `${id},6,1,5,-1,${i % 2}`).join('\n')}\n`;

  it('reads records as files or in the archive', async () => {
    ids.forEach((id, i) => put(`p-files/set-a/${id}.txt`, record(id, 70 + i)));
    put(
      'p-tar/set-a.tar.gz',
      gzipSync(writeTar(ids.map((id, i) => [`./set-a/${id}.txt`, Buffer.from(record(id, 70 + i))]))),
    );
    for (const folder of ['p-files', 'p-tar']) {
      put(`${folder}/Outcomes-a.txt`, outcomes);
      const data = await loadPhysionet2012({
        path: join(root, folder),
        parameters: ['HR', 'Temp', 'Weight'],
        standardize: false,
        test: 0.5,
        dtype: 'f64',
      });
      const { t, y, mask, label } = data.all('train');
      expect(Array.from(t.data)).toEqual([7 / 60, 47.5, 7 / 60, 47.5]);
      expect(Array.from(mask.data)).toEqual([1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0]);
      expect([(y.data[0] ?? NaN) % 2, (y.data[6] ?? NaN) % 2]).toEqual(Array.from(label.data));
    }
  });

  it('names what is wrong with a record', () => {
    expect(() => rowsOfRecord('Time,Parameter,Value\n00:00,Age,3\n', 'r.txt')).toThrow('r.txt has no row RecordID');
    expect(() => rowsOfRecord('Time,Parameter,Value\n00:00,RecordID,3\n0:61,HR,3\n', 'r.txt')).toThrow(
      'row 2: the time is “0:61”',
    );
    expect(() => rowsOfRecord('Time,Parameter\n00:00,RecordID\n', 'r.txt')).toThrow('expected Time, Parameter, Value');
    expect(() => rowsOfRecord('Time,Parameter,Value\n00:00,RecordID,x\n', 'r.txt')).toThrow('r.txt, line 2, column 3');
    const word = fc.constantFrom('00:00', '7:5', 'RecordID', 'HR', '1', '-1', '', ',', '\n', '"', 'x');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        try {
          for (const { minutes } of rowsOfRecord(`Time,Parameter,Value\n00:00,RecordID,3\n${words.join('')}`, 'r.txt'))
            expect(minutes).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});
