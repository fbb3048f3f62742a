import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { formatBytes, Heap, largestHeapBytes, pageBytes, type Block } from './heap.ts';

const end = ({ address, bytes }: Block): number => address + bytes;

/** Fills a block with a number of its own, so that overlaps and lost bytes show. */
const mark = (heap: Heap, block: Block, id: number): void => {
  heap.views().i32.fill(id, block.address / 4, end(block) / 4);
};
const isMarked = (heap: Heap, block: Block, id: number): boolean =>
  heap
    .views()
    .i32.subarray(block.address / 4, end(block) / 4)
    .every((word) => word === id);

function demandOrder(heap: Heap, live: readonly Block[]): void {
  const sorted = [...live].sort((a, b) => a.address - b.address);
  sorted.forEach((block, i) => {
    expect(block.address % 16).toBe(0);
    expect(block.address).toBeGreaterThanOrEqual(64);
    expect(end(block)).toBeLessThanOrEqual(sorted[i + 1]?.address ?? heap.top);
  });
  expect(heap.top).toBe(sorted.length === 0 ? 64 : end(sorted.at(-1) as Block));
  expect(heap.reservedBytes).toBeGreaterThanOrEqual(heap.top + 64);
  expect(heap.liveBytes).toBe(live.reduce((sum, { bytes }) => sum + bytes, 0));
}

describe('a heap', () => {
  it('keeps blocks apart and aligned, whatever the order, and is one piece again when all are released', () => {
    const commands = fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 40_000 }),
        fc.nat().map((n) => -1 - n),
      ),
      {
        maxLength: 120,
      },
    );
    fc.assert(
      fc.property(commands, fc.nat(), (sizes, order) => {
        const heap = new Heap(64 * pageBytes);
        const live: { block: Block; id: number }[] = [];
        const drop = (at: number): void => {
          const [{ block, id }] = live.splice(at % live.length, 1) as [(typeof live)[number]];
          expect(isMarked(heap, block, id)).toBe(true);
          heap.release(block);
        };
        sizes.forEach((size, i) => {
          if (size > 0) {
            const block = heap.allocate('test', size);
            expect(block.bytes).toBe(Math.ceil(size / 16) * 16);
            mark(heap, block, i + 1);
            live.push({ block, id: i + 1 });
          } else if (live.length > 0) {
            drop(-1 - size);
          }
          demandOrder(
            heap,
            live.map(({ block }) => block),
          );
        });
        for (let i = 0; live.length > 0; i++) drop(order + i * 7);
        demandOrder(heap, []);
        const reserved = heap.reservedBytes;
        const whole = heap.allocate('test', reserved - 128);
        expect([whole.address, heap.reservedBytes]).toEqual([64, reserved]);
      }),
      { numRuns: 200 },
    );
  });

  it('fills the lowest gap that fits', () => {
    const heap = new Heap(2 ** 20);
    const [a, b, c, d, last] = [64, 16, 32, 16, 16].map((bytes) => heap.allocate('test', bytes)) as [
      Block,
      Block,
      Block,
      Block,
      Block,
    ];
    heap.release(c);
    heap.release(a);
    expect(heap.allocate('test', 16)).toEqual({ address: a.address, bytes: 16 });
    expect(heap.allocate('test', 64).address).toBe(end(last));
    expect(heap.allocate('test', 48).address).toBe(a.address + 16);
    expect(heap.allocate('test', 32).address).toBe(c.address);
    expect([b.address, d.address]).toEqual([128, 176]);
  });

  it('gives nothing for nothing', () => {
    const heap = new Heap(pageBytes);
    const [a, b] = [heap.allocate('test', 0), heap.allocate('test', 0)];
    expect([a.bytes, heap.liveBytes, heap.top]).toEqual([0, 0, 64]);
    expect(a.address).toBeGreaterThan(0);
    heap.release(a);
    heap.release(b);
    heap.release(a);
  });

  it('grows, at least by half, and keeps what is in it', () => {
    const heap = new Heap(2 ** 24);
    const first = heap.allocate('test', 1000);
    mark(heap, first, 7);
    const before = heap.views();
    const second = heap.allocate('test', 8 * pageBytes);
    mark(heap, second, 8);
    expect(heap.reservedBytes).toBe(9 * pageBytes);
    heap.allocate('test', pageBytes);
    expect(heap.reservedBytes).toBe(14 * pageBytes); // 13.5, in whole pages
    expect(before.bytes.length).toBe(0);
    expect([isMarked(heap, first, 7), isMarked(heap, second, 8)]).toEqual([true, true]);
    expect(heap.views()).toBe(heap.views());
  });

  it('sees growth that a module did itself', () => {
    const heap = new Heap(2 ** 24);
    const before = heap.views();
    heap.memory.grow(3);
    expect(heap.reservedBytes).toBe(4 * pageBytes);
    expect(before.bytes.length).toBe(0);
    expect(heap.views().bytes.length).toBe(4 * pageBytes);
    heap.allocate('test', 4 * pageBytes - 128);
    expect(heap.reservedBytes).toBe(4 * pageBytes);
  });

  it('keeps 64 bytes behind the last block, at its maximum too', () => {
    const heap = new Heap(2 * pageBytes + 100);
    expect(heap.maximumBytes).toBe(2 * pageBytes);
    heap.allocate('test', 2 * pageBytes - 128);
    expect(() => heap.allocate('test', 1)).toThrow('there is no piece of 1 KiB');
    expect(heap.reservedBytes).toBe(2 * pageBytes);
  });

  it('says what was wanted, and what is in use', () => {
    const heap = new Heap(2 ** 20);
    heap.allocate('test', 2 ** 19);
    expect(() => heap.allocate('upload', 2 ** 21)).toThrow(
      expect.objectContaining({
        code: 'EXECUTION',
        operation: 'upload',
        message:
          'upload: there is no piece of 2.0 MiB: 512 KiB of at most 1.0 MiB are in use. Dispose of arrays and executables that are not needed, take a smaller batch, or raise maximumBytes (up to 4 GiB).',
      }),
    );
    expect(() => heap.allocate('upload', 2 ** 60)).toThrow('there is no piece of');
    expect(heap.liveBytes).toBe(2 ** 19);
  });

  it('asks for what can be released, once, before it gives up', () => {
    const cached: Block[] = [];
    const reclaim = vi.fn(() => {
      for (const block of cached.splice(0)) heap.release(block);
    });
    const heap: Heap = new Heap(4 * pageBytes, reclaim);
    cached.push(heap.allocate('test', 3 * pageBytes));
    expect(heap.allocate('test', 2 * pageBytes).address).toBe(64);
    expect(reclaim).toHaveBeenCalledTimes(1);
    expect(() => heap.allocate('test', 3 * pageBytes)).toThrow('there is no piece');
    expect(reclaim).toHaveBeenCalledTimes(2);
  });

  it('takes less than half as much again where the host has no more, and fails where it has nothing', () => {
    const heap = new Heap(2 ** 24);
    heap.allocate('test', 8 * pageBytes);
    const { memory } = heap;
    const grow = memory.grow.bind(memory);
    let left = 2;
    memory.grow = (pages) => {
      if (pages > left) throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
      left -= pages;
      return grow(pages);
    };
    heap.allocate('test', pageBytes);
    expect(heap.reservedBytes).toBe(10 * pageBytes);
    expect(() => heap.allocate('test', 4 * pageBytes)).toThrow('there is no piece of');
  });

  it('has addresses above 2 GiB', () => {
    const heap = new Heap(2 ** 32);
    expect(heap.maximumBytes).toBe(largestHeapBytes);
    heap.allocate('test', 2 ** 31 + 2 ** 20);
    const high = heap.allocate('test', 64);
    expect(high.address).toBe(2 ** 31 + 2 ** 20 + 64);
    mark(heap, high, 5);
    expect(isMarked(heap, high, 5)).toBe(true);
    expect(heap.top).toBe(end(high));
  });

  it('does not take a block back twice', () => {
    const heap = new Heap(pageBytes);
    const block = heap.allocate('test', 16);
    heap.release(block);
    expect(() => {
      heap.release(block);
    }).toThrow('the block at 64 was released before');
  });

  it('is worth nothing once it was closed', () => {
    const heap = new Heap(pageBytes);
    const block = heap.allocate('test', 16);
    heap.close();
    heap.release(block);
    expect([heap.liveBytes, heap.reservedBytes]).toEqual([0, 0]);
    expect(() => heap.allocate('upload', 16)).toThrow('upload: the wasm backend was disposed');
    expect(() => heap.views()).toThrow(expect.objectContaining({ code: 'EXECUTION' }));
  });

  it('names a host that can not have so much', () => {
    const memory = vi.spyOn(WebAssembly, 'Memory').mockImplementation(function () {
      throw new RangeError('could not allocate memory');
    });
    expect(() => new Heap(2 ** 30)).toThrow(
      'wasm: this host has no memory of 1024.0 MiB. Pass a smaller bound: wasm({ maximumBytes: 2 ** 30 }).',
    );
    memory.mockRestore();
  });
});

it('formats bytes', () => {
  expect([0, 1, 1024, 2 ** 20 - 1, 2 ** 20, 3.25 * 2 ** 30].map(formatBytes)).toEqual([
    '0 KiB',
    '1 KiB',
    '1 KiB',
    '1024 KiB',
    '1.0 MiB',
    '3328.0 MiB',
  ]);
});
