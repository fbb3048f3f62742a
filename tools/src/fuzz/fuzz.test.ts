import { FormatError, OptionError } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, damaged } from './index.ts';

const refuse = (): never => {
  throw new FormatError('read', 'no file');
};

describe('bounded', () => {
  it('gives what is read, or how it is refused', async () => {
    expect(await bounded(1, () => 7)).toEqual({ value: 7 });
    expect(await bounded(1, async () => Promise.resolve('x'))).toEqual({ value: 'x' });
    expect(await bounded(1, refuse)).toMatchObject({ refused: { code: 'FORMAT' } });
  });

  it('fails on errors that are not typed, or of another kind', async () => {
    const crash = (): never => {
      throw new RangeError('Maximum call stack size exceeded');
    };
    await expect(bounded(1, crash)).rejects.toThrow(RangeError);
    const option = (): never => {
      throw new OptionError('read', 'x');
    };
    await expect(bounded(1, option)).rejects.toThrow(OptionError);
    expect(await bounded(1, option, { codes: ['OPTION'] })).toHaveProperty('refused');
  });

  it('fails on readers that take too long, or too much', async () => {
    const slow = (): void => {
      for (const end = performance.now() + 200; performance.now() < end;);
    };
    await expect(bounded(1, slow, { seconds: 0.02 })).rejects.toThrow(/0\.\d s for 1 bytes; expected 0\.02 s at most/);
    const large = (): Uint8Array => new Uint8Array(50_000_000).fill(1);
    await expect(bounded(1000, large)).rejects.toThrow(/5\d{7} bytes of memory for a file of 1000/);
    expect(await bounded(1_000_000, large)).toHaveProperty('value');
  });
});

it('damaged files are of every kind: longer, shorter, and of the same length', () => {
  const valid = Uint8Array.from({ length: 100 }, (_, i) => i);
  const files = fc.sample(damaged(valid), { numRuns: 300, seed: 1 });
  const lengths = new Set(files.map(({ length }) => Math.sign(length - valid.length)));
  expect([...lengths].sort()).toEqual([-1, 0, 1]);
  const unchanged = files.filter((bytes) => bytes.length === 100 && bytes.every((byte, i) => byte === i));
  expect(unchanged.length).toBeLessThan(60); // numbers that were there already, pieces of nothing
  expect([...valid]).toEqual(Array.from({ length: 100 }, (_, i) => i));
});
