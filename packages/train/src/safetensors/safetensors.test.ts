import { array, FormatError, hostArray, OptionError, ShapeError, type DType, type HostArray } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from './bytes.ts';
import { decodeSafetensors } from './decode.ts';
import { encodeSafetensors } from './encode.ts';

// Python: save({...}, metadata={'made by': 'python'}) of safetensors.numpy, safetensors 0.8.0
const byPython =
  'UAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJtYWRlIGJ5IjoicHl0aG9uIn0sImRvdWJsZSI6eyJkdHlwZSI6IkY2NCIsInNoYXBl' +
  'IjpbMV0sImRhdGFfb2Zmc2V0cyI6WzAsOF19LCJlbXB0eSI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbMCwzXSwiZGF0YV9vZmZz' +
  'ZXRzIjpbOCw4XX0sIndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwyXSwiZGF0YV9vZmZzZXRzIjpbOCwyNF19LCJj' +
  'b3VudCI6eyJkdHlwZSI6IkkzMiIsInNoYXBlIjpbXSwiZGF0YV9vZmZzZXRzIjpbMjQsMjhdfSwibWFzayI6eyJkdHlwZSI6IkJP' +
  'T0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOlsyOCwzMV19fSAgICAYLURU+yEJQAAAwD8AAADAAAAAAOaxYX/5////AQAB';

/** A file with this header, whatever it says, and so many bytes of zeros. */
function file(header: string | Uint8Array, data = 0, length?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const refusal = (bytes: Uint8Array): string => {
  try {
    decodeSafetensors(bytes, 'x.safetensors');
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as FormatError).message;
  }
  throw new Error('accepted');
};

const headerOf = (bytes: Uint8Array): string => {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
};

const arbitraryArray: fc.Arbitrary<HostArray> = fc
  .record({
    dtype: fc.constantFrom<DType>('f32', 'f64', 'i32', 'bool'),
    shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const of: Record<DType, fc.Arbitrary<HostArray['data']>> = {
      f32: fc.float32Array({ minLength: length, maxLength: length }),
      f64: fc.float64Array({ minLength: length, maxLength: length }),
      i32: fc.int32Array({ minLength: length, maxLength: length }),
      bool: fc.uint8Array({ minLength: length, maxLength: length, max: 1 }),
    };
    return of[dtype].map((data) => hostArray(data, shape, dtype));
  });

const arbitraryFile = fc.record({
  tensors: fc.dictionary(
    fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
    arbitraryArray,
    { maxKeys: 6 },
  ),
  metadata: fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' }), { maxKeys: 4 }),
});

describe('safetensors', () => {
  it('writes the format byte for byte', () => {
    const bytes = encodeSafetensors({ b: array([[1, 2]], { dtype: 'f32' }), a: array([true]) }, { k: 'v' });
    const header =
      '{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
      '"a":{"dtype":"BOOL","shape":[1],"data_offsets":[8,9]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(headerOf(bytes)).toBe(padded);
    expect([...bytes.subarray(0, 8)]).toEqual([padded.length, 0, 0, 0, 0, 0, 0, 0]);
    expect([...bytes.subarray(8 + padded.length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 1]);
  });

  it('reads a file that the reference implementation wrote', () => {
    const read = decodeSafetensors(Uint8Array.from(atob(byPython), (char) => char.charCodeAt(0)));
    expect(Object.fromEntries(read.metadata)).toEqual({ 'made by': 'python' });
    expect(Object.fromEntries(read.tensors)).toEqual({
      weight: array(
        [
          [1.5, -2],
          [0, 3e38],
        ],
        { dtype: 'f32' },
      ),
      count: array(-7, { dtype: 'i32' }),
      mask: array([true, false, true]),
      empty: hostArray(new Float64Array(0), [0, 3], 'f64'),
      double: array([Math.PI], { dtype: 'f64' }),
    });
  });

  it('gives back every array bit for bit', () => {
    fc.assert(
      fc.property(arbitraryFile, ({ tensors, metadata }) => {
        const bytes = encodeSafetensors(tensors, metadata);
        const read = decodeSafetensors(bytes);
        expect(new Map(Object.entries(metadata))).toEqual(read.metadata);
        expect([...read.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
        for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
          const found = read.tensors.get(name);
          expect([found?.dtype, found?.shape]).toEqual([dtype, shape]);
          expect(bytesOf(found?.data ?? new Uint8Array(1))).toEqual(bytesOf(data));
        }
        expect(encodeSafetensors(read.tensors, Object.fromEntries(read.metadata))).toEqual(bytes);
      }),
    );
  });

  it('reads bytes at any offset, and shares no memory with them', () => {
    const bytes = encodeSafetensors({ x: array([1, 2], { dtype: 'f64' }) });
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    const x = decodeSafetensors(shifted).tensors.get('x');
    shifted.fill(0);
    expect(x?.data).toEqual(Float64Array.of(1, 2));
  });

  it('keeps names that objects treat specially', () => {
    const names = ['__proto__', 'constructor', '1', '0', '', 'ä'];
    const bytes = encodeSafetensors(names.map((name, i) => [name, array(i)] as const));
    const read = decodeSafetensors(bytes);
    expect(names.map((name) => read.tensors.get(name)?.data[0])).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('refuses to write what can not be read', () => {
    expect(() => encodeSafetensors({ __metadata__: array(1) })).toThrow(OptionError);
    const twice: [string, HostArray][] = [
      ['x', array(1)],
      ['x', array([2], { dtype: 'f64' })],
    ];
    expect(() => encodeSafetensors(twice)).toThrow('a tensor called “x”');
    expect(() => encodeSafetensors({ x: hostArray(new Float32Array(3), [2], 'f32') })).toThrow(ShapeError);
  });
});

describe('a damaged or foreign file', () => {
  const entry = (name: string, begin: number, end: number): string =>
    `"${name}":{"dtype":"F32","shape":[${(end - begin) / 4}],"data_offsets":[${begin},${end}]}`;

  it.each([
    ['is empty', new Uint8Array(0), 'x.safetensors, byte 0: the file ends after 0 bytes'],
    ['is too short', new Uint8Array(7), 'the file ends after 7 bytes'],
    ['has no header', file('', 4), 'does not begin with “{”'],
    ['is truncated in its header', file('{}', 0, 30n), 'a header of 30 bytes in a file of 10; expected at most 2'],
    [
      'has a header over 100 MB',
      file('{}', 0, 100_000_001n),
      'a header of 100000001 bytes; expected at most 100000000',
    ],
    ['has a header of 2⁶⁴ − 1 bytes', file('{}', 0, 2n ** 64n - 1n), 'a header of 18446744073709551615 bytes'],
    ['is a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0), 'a header of'],
    ['is no JSON', file('{"x":}'), 'the header is no JSON'],
    ['is a JSON array', file('[]'), 'does not begin with “{”'],
    ['begins with a byte order mark', file('\ufeff{}'), 'does not begin with “{”'],
    ['is no UTF-8', file(Uint8Array.of(0x7b, 0xff, 0x7d)), 'the header is no UTF-8 text'],
    [
      'has a name twice',
      file(`{${entry('x', 0, 4)},${entry('x', 4, 8)}}`, 8),
      'byte 62: the key "x" for the second time',
    ],
    [
      'has a name twice, spelt differently',
      file(`{${entry('x', 0, 4)},${entry('\\u0078', 0, 4)}}`, 4),
      'for the second time',
    ],
    [
      'has a field twice',
      file('{"x":{"dtype":"F32","dtype":"F64","shape":[],"data_offsets":[0,8]}}', 8),
      '"dtype" for the second time',
    ],
    ['is nested deeply', file(`{"x":${'['.repeat(1e6)}`), 'brackets nested more than 3 deep'],
    [
      'has a dtype of others',
      file('{"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', 4),
      'tensor “x”: dtype "F16"; expected one of F32, F64, I32, BOOL',
    ],
    ['has no dtype', file('{"x":{"shape":[1],"data_offsets":[0,4]}}', 4), 'tensor “x”: dtype undefined'],
    ['has a tensor that is none', file('{"x":[1]}'), 'tensor “x”: described by no object'],
    ['has a negative size', file('{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4), 'a shape that is none'],
    [
      'has a fractional size',
      file('{"x":{"dtype":"F32","shape":[0.5],"data_offsets":[0,2]}}', 2),
      'a shape that is none',
    ],
    ['has a shape of text', file('{"x":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}', 4), 'a shape that is none'],
    ['has one offset', file('{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4), 'data_offsets that are none'],
    [
      'has offsets the wrong way round',
      file('{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 4),
      'hold -4 bytes; expected 4',
    ],
    [
      'has a shape that does not fit',
      file('{"x":{"dtype":"F64","shape":[3],"data_offsets":[0,8]}}', 8),
      'hold 8 bytes; expected 24 for F64 of shape [3]',
    ],
    [
      'has a shape beyond all numbers',
      file(`{"x":{"dtype":"F32","shape":[${2 ** 53 - 1},${2 ** 53 - 1}],"data_offsets":[0,8]}}`, 8),
      'hold 8 bytes',
    ],
    ['is truncated in its data', file(`{${entry('x', 0, 8)}}`, 5), 'tensor “x” ends at byte 70 of a file of 67'],
    [
      'has overlapping tensors',
      file(`{${entry('x', 0, 8)},${entry('y', 4, 12)}}`, 12),
      'tensor “y” overlaps the one before',
    ],
    [
      'has two names for one range',
      file(`{${entry('x', 0, 8)},${entry('y', 0, 8)}}`, 8),
      'tensor “y” overlaps the one before',
    ],
    ['has a gap', file(`{${entry('x', 0, 4)},${entry('y', 8, 12)}}`, 12), 'tensor “y” leaves a gap before it'],
    ['has bytes left over', file(`{${entry('x', 0, 4)}}`, 7), '3 bytes that belong to no tensor'],
    ['has metadata that is no text', file('{"__metadata__":{"a":1}}'), '__metadata__ holds what is no text'],
    [
      'has a bool that is none',
      (() => {
        const bytes = file('{"x":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}', 2);
        bytes[bytes.length - 1] = 2;
        return bytes;
      })(),
      'byte 64: tensor “x” has the bool 2; expected 0 or 1',
    ],
  ])('%s', (_, bytes, message) => {
    expect(refusal(bytes)).toContain(message);
  });

  it('is refused wherever it is cut', () => {
    const bytes = encodeSafetensors({ x: array([1, 2, 3]), y: array([[1], [2]], { dtype: 'f64' }) }, { a: 'b' });
    for (let length = 0; length < bytes.length; length++) refusal(bytes.subarray(0, length));
    refusal(Uint8Array.of(...bytes, 0));
  });

  it('with any byte changed is refused or read in full, never anything else', () => {
    fc.assert(
      fc.property(arbitraryFile, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ tensors, metadata }, at, change) => {
        const bytes = encodeSafetensors(tensors, metadata);
        const position = at % bytes.length;
        bytes[position] = (bytes[position] ?? 0) ^ change;
        try {
          const read = decodeSafetensors(bytes);
          const total = [...read.tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
          expect(total).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('of random bytes or random JSON is refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void refusal(bytes)));
    fc.assert(
      fc.property(
        fc.json().filter((text) => text !== '{}'),
        fc.nat({ max: 16 }),
        (text, data) => {
          const bytes = file(text, data);
          expect(refusal(bytes)).toContain('x.safetensors, byte ');
        },
      ),
    );
  });
});
