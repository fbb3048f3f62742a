// What the device refuses: an error after the call, and nothing left behind.
import { describe, expect, it, vi } from 'vitest';
import { guardOf } from './guard.ts';

/** A backend whose device gives these verdicts, innermost scope first. */
function fake(...verdicts: readonly (string | null)[]) {
  const open: string[] = [];
  const left = [...verdicts];
  return {
    open,
    backend: {
      commandEncoder: null,
      endComputePassEncoder: () => undefined,
      submitQueue: () => undefined,
      device: {
        pushErrorScope: (filter: string) => void open.push(filter),
        popErrorScope: () => {
          open.pop();
          const message = left.shift() ?? null;
          return Promise.resolve(message === null ? null : { message });
        },
      },
    },
  };
}

describe('a guard', () => {
  it('gives what was made if the device accepts it', async () => {
    const { backend, open } = fake(null, null);
    const free = vi.fn();
    expect(await guardOf(backend)?.(() => 7, free)).toBe(7);
    expect(open).toEqual([]);
    expect(free).not.toHaveBeenCalled();
  });

  it.each([
    ['a shader', ['cannot index type\n  let x', null]],
    ['memory', [null, 'out of memory']],
  ] as const)('frees what was made if the device refuses %s, and says so', async (_, verdicts) => {
    const free = vi.fn();
    await expect(guardOf(fake(...verdicts).backend)?.(() => 7, free)).rejects.toMatchObject({
      code: 'EXECUTION',
      message: expect.stringMatching(
        /WebGPU refused what tfjs asked of it: (cannot index type\.|out of memory\.)/,
      ) as string,
    });
    expect(free).toHaveBeenCalledWith(7);
  });

  it('closes its scopes if the run throws', async () => {
    const { backend, open } = fake(null, null);
    const fails = (): never => {
      throw new Error('a kernel');
    };
    await expect(guardOf(backend)?.(fails, vi.fn())).rejects.toThrow('a kernel');
    expect(open).toEqual([]);
  });

  it('is for backends with such a device', () => {
    expect(guardOf({})).toBeUndefined();
    expect(guardOf({ device: null })).toBeUndefined();
  });
});
