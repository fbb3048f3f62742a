/** What passes between the host and the device, and how often. */
import {
  allFinite,
  array,
  compile,
  cond,
  constant,
  scan,
  tensorType,
  value,
  whileLoop,
  type Graph,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { nextTask } from './run/next-task.ts';
import { fakeBackend, fakeDevice, free, type DeviceLog, type FakeDevice } from '../test/fake-device.ts';

type Program = (...inputs: Tensor[]) => readonly Tensor[];

/** What a program costs on a device, without the uploads of its inputs and without reads of its results. */
const costOf = (waits: boolean, fn: Program, ...inputs: readonly HostArray[]): Promise<DeviceLog> =>
  costOn(fakeDevice({ waits }), fn, ...inputs);

async function costOn(device: FakeDevice, fn: Program, ...inputs: readonly HostArray[]): Promise<DeviceLog> {
  const graph = compile(fakeBackend(), fn).graph(...inputs);
  const program = await device.compile(graph);
  const values = inputs.map((input) => device.toValue(input));
  const before = { ...device.log };
  const outputs = await program.run(values);
  const after = { ...device.log };
  free([...outputs, ...values]);
  await program.dispose();
  expect([device.log.live, device.log.loaded]).toEqual([0, 0]);
  return { ...after, uploads: after.uploads - before.uploads };
}

const i32 = (n: number): HostArray => array(n, { dtype: 'i32' });
const vector = array([1, 2, 3]);
const matrix = array([
  [1, 2],
  [3, 4],
]);

describe.each([
  ['waits', true],
  ['does not wait', false],
])('a device that %s', (_, waits) => {
  it('is not read where the host counts the iterations', async () => {
    const { fetched, reads, runs } = await costOf(
      waits,
      (x) => {
        const { carry } = whileLoop(
          { i: constant(0, [], 'i32'), x: x! },
          (c) => c.i.less(7),
          (c) => ({ carry: { i: c.i.add(1), x: c.x.sin() } }),
        );
        return [carry.x];
      },
      vector,
    );
    expect({ fetched, reads, runs }).toEqual({ fetched: 0, reads: 0, runs: 7 });
  });

  it('is not read by a scan of a fixed length', async () => {
    const { fetched, reads, runs } = await costOf(
      waits,
      (x, sequence) => {
        const { carry } = scan(x!, sequence!, (c, e) => ({ carry: c.mul(e.sum()) }));
        return [carry];
      },
      vector,
      matrix,
    );
    expect({ fetched, reads, runs }).toEqual({ fetched: 0, reads: 0, runs: 2 });
  });

  it('is not asked for inputs that only it computes with', async () => {
    const { fetched, reads } = await costOf(
      waits,
      (x, h, w) => [
        x!.mul(h!).add(w!),
        cond(
          constant(true),
          x!,
          (a) => a.mul(h!),
          (a) => a,
        ),
      ],
      vector,
      array(0.5),
      array(2),
    );
    expect({ fetched, reads }).toEqual({ fetched: 0, reads: 0 });
  });

  it('is asked once for an input that decides', async () => {
    const { fetched, reads } = await costOf(
      waits,
      (x, n) => {
        const { carry } = whileLoop(
          { i: constant(0, [], 'i32'), x: x! },
          (c) => c.i.less(n!),
          (c) => ({ carry: { i: c.i.add(1), x: c.x.sin() } }),
        );
        return [carry.x];
      },
      vector,
      i32(4),
    );
    expect({ fetched, reads }).toEqual({ fetched: 0, reads: 1 });
  });

  it('is read once for each decision', async () => {
    const { fetched, reads, runs } = await costOf(
      waits,
      (x) => {
        const { carry } = whileLoop(
          { x: x! },
          (c) => c.x.sum().greater(1),
          (c) => ({ carry: { x: c.x.mul(0.5) } }),
        );
        return [carry.x];
      },
      array([3, 5]),
    );
    // 8, 4, 2, 1: what is fetched comes with a segment, nothing is read by itself.
    expect({ fetched, reads, runs }).toEqual({ fetched: 4, reads: 0, runs: 4 });
  });

  it('gets a number of the host once for as long as it stays the same', async () => {
    const steps = (change: number): Program => {
      return (x, h) => {
        const { carry } = whileLoop(
          { i: constant(0, [], 'i32'), h: h!.mul(2), x: x! },
          (c) => c.i.less(9),
          (c) => ({ carry: { i: c.i.add(1), h: c.h.mul(change), x: c.x.add(c.x.sin().mul(c.h)).mul(c.h) } }),
        );
        return [carry.x];
      };
    };
    expect((await costOf(waits, steps(1), vector, array(0.5))).uploads).toBe(1);
    expect((await costOf(waits, steps(0.5), vector, array(0.5))).uploads).toBe(9);
    // −0 is another number than 0; NaN is the same.
    expect((await costOf(waits, steps(-1), vector, array(0))).uploads).toBe(9);
    expect((await costOf(waits, steps(-1), vector, array(NaN))).uploads).toBe(1);
  });

  it('gets a small constant that branches give once', async () => {
    const { uploads, mostLive } = await costOf(
      waits,
      (x) => {
        const { carry } = whileLoop(
          { i: constant(0, [], 'i32'), x: x!, y: x! },
          (c) => c.i.less(9),
          (c) => {
            const y = cond(
              c.i.rem(2).equal(0),
              c.x,
              (a) => a.sin(),
              (a) => a.mul(0).add(1).mul(0).neg().cast('i32').cast('f32').mul(c.i.cast('f32')),
            );
            const zero = cond(
              c.i.rem(3).equal(0),
              y,
              (a) => a,
              () => constant(0, [3], 'f32'),
            );
            return { carry: { i: c.i.add(1), x: y, y: zero } };
          },
        );
        return [carry.x, carry.y];
      },
      vector,
    );
    // The constant, and the counter where a branch multiplies by it: at 1, 3, 5 and 7.
    expect(uploads).toBe(1 + 4);
    expect(mostLive).toBeLessThan(8);
  });
});

describe('a device that puts numbers in the place of others', () => {
  it('gets the first of a loop, then overwrites it', async () => {
    const { uploads, overwritten } = await costOn(
      fakeDevice({ waits: false, overwrites: true }),
      (x) => {
        const { carry } = whileLoop(
          { i: constant(0, [], 'i32'), x: x! },
          (c) => c.i.less(9),
          (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(c.i.cast('f32')) } }),
        );
        return [carry.x];
      },
      vector,
    );
    expect({ uploads, overwritten }).toEqual({ uploads: 1, overwritten: 8 });
  });

  it('leaves those alone that something else still has', async () => {
    const device = fakeDevice({ waits: false, overwrites: true });
    // A branch gives a number of the host's or one of the device's: the one that it gave stays what it was.
    const last = compile(fakeBackend(device), (x: Tensor) => {
      const { carry } = whileLoop(
        { i: constant(0, [], 'i32'), x, kept: x.sum() },
        (c) => c.i.less(5),
        (c) => {
          const number = c.i.cast('f32');
          const kept = cond(
            c.i.equal(2),
            c.x,
            () => number,
            () => c.kept,
          );
          return { carry: { i: c.i.add(1), x: c.x.add(number), kept } };
        },
      );
      return [carry.kept, carry.x];
    });
    const [kept, x] = await last(vector);
    expect([Array.from((await kept!.read()).data), Array.from((await x!.read()).data)]).toEqual([[2], [11, 12, 13]]);
    kept!.dispose();
    x!.dispose();
    last.dispose();
    await nextTask();
    expect(device.log.overwritten).toBeGreaterThan(0);
    expect(device.log.live).toBe(0);
  });
});

describe('what the host wants of a segment', () => {
  const decide: Program = (x, y) => {
    const { carry } = whileLoop(
      { x: x!, y: y! },
      (c) => c.x.max().greater(0.1).and(c.y.isFinite().all()).and(c.y.sum().less(100)),
      (c) => ({ carry: { x: c.x.mul(0.5), y: c.y.mul(1.5) } }),
    );
    return [carry.x, carry.y];
  };

  it('is one vector from a device that waits, and single values from another', async () => {
    const waiting = await costOf(true, decide, vector, matrix);
    const direct = await costOf(false, decide, vector, matrix);
    expect(waiting.fetched).toBe(waiting.runs);
    expect(direct.runs).toBe(waiting.runs);
    expect(direct.fetched).toBe(3 * direct.runs);
  });

  it('is one number where it asks whether several leaves are finite', async () => {
    const grow: Program = (x, y) => {
      const { carry } = whileLoop(
        { x: x!, y: y! },
        (c) => allFinite([c.x, c.y, c.x.sum()]),
        (c) => ({ carry: { x: c.x.mul(1e20), y: c.y.mul(1e20) } }),
      );
      return [carry.x, carry.y];
    };
    const { fetched, runs, uploads } = await costOf(false, grow, vector, matrix);
    expect(runs).toBe(3);
    expect([fetched, uploads]).toEqual([runs, 0]);
  });
});

it('a program whose segments are no promises runs without one', async () => {
  const device = fakeDevice({ waits: false });
  const x = value(tensorType([3], 'f32'));
  const y = value(x.type);
  const body: Graph = {
    name: 'main',
    inputs: [x],
    nodes: [{ op: 'neg', inputs: [x], params: {}, outputs: [y] }],
    outputs: [y],
  };
  const program = await device.compile(body);
  const given = device.toValue(vector);
  const running = program.run([given]);
  // The segment ran before anybody waited for it.
  expect(device.log.runs).toBe(1);
  free(await running);
  given.dispose();
});
