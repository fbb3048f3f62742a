import {
  array,
  tapeType,
  value,
  type DeviceArray,
  type Graph,
  type HostArray,
  type NodeOdeError,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '@node-ode/tools/collect-garbage';
import { addition, countCall, graphOf, handMade, type, type Program, type Site } from '../../test/hand-made.ts';
import { i32, load, op } from '../encoder/code.ts';
import { wasmBackend, type WasmBackend } from './backend.ts';
import { pageBytes } from './heap.ts';

const pair = type('f32', 2);

/** Tapes `input 0` entries of a page each, growing the memory as the compiler's code does; stops for −1. */
function tape({ f, input, output, tapes }: Site): void {
  const entries = f.keep('i32', load('i32.load', input(0)));
  f.get(entries).i32(-1).op('i32.eq');
  f.if(() => {
    f.op('unreachable');
  });
  const bytes = f.keep(
    'i32',
    op('i32.mul', (g) => g.get(entries), i32(pageBytes)),
  );
  const end = f.keep('i32', (g) => g.globalGet(tapes.tapeTop).get(bytes).op('i32.add'));
  const present = f.keep('i32', (g) => g.memorySize().i32(pageBytes).op('i32.mul'));
  f.get(end).get(present).op('i32.gt_u');
  f.if(() => {
    f.get(end).get(present).op('i32.sub').i32(pageBytes).op('i32.div_u').i32(1).op('i32.add').memoryGrow();
    f.i32(-1).op('i32.eq');
    f.if(() => {
      f.get(bytes).globalSet(tapes.tapeWanted).op('unreachable');
    });
  });
  f.get(entries);
  f.if(() => {
    f.globalGet(tapes.tapeTop).i32(255).get(bytes).memoryFill();
    f.get(end).globalSet(tapes.tapePeak).get(entries).globalSet(tapes.tapeEntries);
  });
  f.emit(output(0)).get(entries).memory('i32.store');
}

const programs: Readonly<Record<string, Program>> = {
  add: { body: addition(), reusable: [[0, 0]] },
  addToSecond: { body: addition(), reusable: [[1, 0]] },
  two: {
    body: (site) => {
      addition(0, 1, 0)(site);
      addition(2, 2, 1)(site);
    },
    reusable: [
      [0, 0],
      [2, 1],
    ],
  },
  nothing: { body: () => undefined },
  thrice: {
    body: (site) => {
      for (let i = 0; i < 3; i++) countCall(site);
    },
  },
  /** The word behind it was never written. */
  constants: {
    body: ({ f, output, constant }) => {
      f.emit(output(0))
        .emit(load('i32.load', i32(constant)))
        .memory('i32.store');
      f.emit(output(0))
        .emit(load('i32.load', i32(constant + 4)))
        .memory('i32.store', 4);
      f.i32(constant + 4)
        .i32(1)
        .memory('i32.store');
    },
  },
  tape: { body: tape },
  /** 6 / input 0, after it has written to the output. */
  divide: {
    body: ({ f, input, output }) => {
      const divisor = f.keep('i32', load('i32.load', input(0)));
      f.emit(output(0)).i32(-7).memory('i32.store');
      f.emit(output(0)).i32(6).get(divisor).op('i32.div_s').memory('i32.store');
    },
    reusable: [[0, 0]],
  },
  large: { body: () => undefined, scratch: 8 * pageBytes },
  broken: {
    body: ({ f }) => {
      f.op('i32.add');
    },
  },
};

const graphs = {
  add: graphOf('add', [pair, pair], [pair]),
  addToSecond: graphOf('addToSecond', [pair, pair], [pair]),
  two: graphOf('two', [pair, pair, pair], [pair, pair]),
  nothing: graphOf('nothing', [type('f32', 0)], [type('f64', 0, 3)]),
  thrice: graphOf('thrice', [], []),
  constants: graphOf('constants', [], [type('i32', 2)]),
  tape: graphOf('tape', [type('i32')], [type('i32')]),
  divide: graphOf('divide', [type('i32')], [type('i32')]),
  large: graphOf('large', [], []),
  broken: graphOf('broken', [], []),
} satisfies Record<string, Graph>;

const make = (maximumBytes = 2 ** 26): WasmBackend =>
  wasmBackend({ planGraph: handMade(programs), composites: ['mean'] }, { maximumBytes, threads: 1 });

const read = async (x: DeviceArray | undefined): Promise<number[]> => [...((await x?.read())?.data ?? [])];
const I32 = (n: number): HostArray => array(n, { dtype: 'i32' });

/** The error that an attempt ends in. */
async function refusal(attempt: () => unknown): Promise<NodeOdeError> {
  try {
    await attempt();
  } catch (error) {
    return error as NodeOdeError;
  }
  throw new Error('it was accepted');
}

const isGone = async (x: DeviceArray): Promise<boolean> =>
  x.read().then(
    () => false,
    () => true,
  );

describe('runs', () => {
  it('give the result, with and without a promise, and leave the inputs as they were', async () => {
    const backend = make();
    const executable = await backend.compile(graphs.add);
    const [x, y] = [await backend.upload(array([1, 2])), await backend.upload(array([10, 20]))];
    const [z] = await executable.run([x, y]);
    const [again] = executable.runSync([x, z as DeviceArray]);
    expect([await read(z), await read(again), await read(x)]).toEqual([
      [11, 22],
      [12, 24],
      [1, 2],
    ]);
    expect([z?.shape, z?.dtype, z?.backend]).toEqual([[2], 'f32', 'wasm']);
  });

  it('take one array as two inputs', async () => {
    const backend = make();
    const executable = await backend.compile(graphs.add);
    const x = await backend.upload(array([1, 2]));
    expect(await read((await executable.run([x, x]))[0])).toEqual([2, 4]);
    expect(executable.counters?.()?.peakBytes).toBe(executable.footprint.arenaBytes + 16 + 16);
  });

  it('find their constants in the arena, and the rest of it clear', async () => {
    const backend = make();
    const stale = await backend.upload(array(new Float32Array(64).fill(7)));
    stale.dispose();
    const executable = await backend.compile(graphs.constants);
    expect(await read((await executable.run([]))[0])).toEqual([42, 0]);
    expect(await read((await executable.run([]))[0])).toEqual([42, 1]);
  });

  it('work on arrays without elements, which cost nothing', async () => {
    const backend = make();
    const executable = await backend.compile(graphs.nothing);
    const before = backend.memory.liveBytes;
    const x = await backend.upload(array([]));
    const [y] = await executable.run([x], { donate: [0] });
    expect([y?.shape, await read(y), await isGone(x)]).toEqual([[0, 3], [], true]);
    expect(backend.memory.liveBytes).toBe(before);
  });

  it('work above 2 GiB', async () => {
    const backend = make(2 ** 32);
    const executable = await backend.compile(graphs.tape);
    const add = await backend.compile(graphs.add);
    await backend.upload({ ...array([]), data: new Float32Array(0), shape: [0] });
    const heap = await backend.compile(graphOf('large', [], [type('f64', 2 ** 28, 1)]));
    const [huge] = await heap.run([]);
    const [x, y] = [await backend.upload(array([1, 2])), await backend.upload(array([3, 4]))];
    expect(await read((await add.run([x, y], { donate: [0] }))[0])).toEqual([4, 6]);
    const [n] = await executable.run([await backend.upload(I32(3))]);
    expect(await read(n)).toEqual([3]);
    const { peakBytes, tapeEntries } = executable.counters?.() ?? {};
    expect([peakBytes, tapeEntries]).toEqual([executable.footprint.arenaBytes + 32 + 3 * pageBytes, 3]);
    expect(backend.memory.reservedBytes).toBeGreaterThan(2 ** 31);
    huge?.dispose();
    await backend.dispose();
  });

  it('count calls, bytes and tape entries of the last run alone', async () => {
    const backend = make();
    const [counting, taping] = [await backend.compile(graphs.thrice), await backend.compile(graphs.tape)];
    expect(counting.counters?.()).toBeUndefined();
    for (let i = 0; i < 2; i++) {
      await counting.run([]);
      expect(counting.counters?.()).toEqual({
        calls: { f: 3 },
        peakBytes: counting.footprint.arenaBytes,
        tapeEntries: 0,
      });
    }
    for (const entries of [5, 0]) {
      await taping.run([await backend.upload(I32(entries))]);
      expect(taping.counters?.()).toEqual({
        calls: { f: 0 },
        peakBytes: taping.footprint.arenaBytes + 32 + entries * pageBytes,
        tapeEntries: entries,
      });
    }
  });

  it('refuse inputs of another number, shape, dtype, or backend', async () => {
    const backend = make();
    const executable = await backend.compile(graphs.add);
    const x = await backend.upload(array([1, 2]));
    const messages: readonly (readonly [readonly DeviceArray[], string])[] = [
      [[x], "ShapeError: run: 1 inputs for graph 'add'; expected 2."],
      [
        [x, await backend.upload(array([1, 2, 3]))],
        "ShapeError: run: input 2 of graph 'add' is f32[3]; expected f32[2]. Compile again for other types.",
      ],
      [
        [await backend.upload(array([1, 2], { dtype: 'i32' })), x],
        "DTypeError: run: input 1 of graph 'add' is i32[2]; expected f32[2]. Compile again for other types.",
      ],
      [
        [x, await make().upload(array([1, 2]))],
        'ExecutionError: run: the array belongs to another wasm backend; expected an array that this wasm backend made. Download it there and upload it here.',
      ],
    ];
    for (const [inputs, message] of messages) {
      expect(String(await refusal(() => executable.run(inputs)))).toBe(message);
    }
    expect((await refusal(() => executable.run([x, x], { donate: [2] }))).message).toBe(
      'run: input 2 is donated; expected positions of the 2 inputs.',
    );
    const aborted = AbortSignal.abort(new Error('stop'));
    expect((await refusal(() => executable.run([x, x], { signal: aborted }))).message).toBe('stop');
    expect(await read((await executable.run([x, x]))[0])).toEqual([2, 4]);
  });
});

describe('donated inputs', () => {
  it('give their memory to an output where the module can write there', async () => {
    const backend = make();
    const executable = await backend.compile(graphs.add);
    const [x, y] = [await backend.upload(array([1, 2])), await backend.upload(array([10, 20]))];
    const before = backend.memory.liveBytes;
    let state = x;
    for (let i = 1; i <= 3; i++) {
      const [next] = await executable.run([state, y], { donate: [0] });
      expect(await isGone(state)).toBe(true);
      state = next as DeviceArray;
      expect([await read(state), await read(y)]).toEqual([
        [1 + 10 * i, 2 + 20 * i],
        [10, 20],
      ]);
      expect(backend.memory.liveBytes).toBe(before);
      expect(executable.counters?.()?.peakBytes).toBe(executable.footprint.arenaBytes + 32);
    }
    x.dispose(); // long gone: its memory is another's
    expect(await read(state)).toEqual([31, 62]);
  });

  it('are freed where it can not', async () => {
    const backend = make();
    const executable = await backend.compile(graphs.add);
    const [x, y] = [await backend.upload(array([1, 2])), await backend.upload(array([10, 20]))];
    const before = backend.memory.liveBytes;
    const [z] = await executable.run([x, y], { donate: [1] });
    expect([await read(z), await read(x), await isGone(y)]).toEqual([[11, 22], [1, 2], true]);
    expect(executable.counters?.()?.peakBytes).toBe(executable.footprint.arenaBytes + 48);
    expect(backend.memory.liveBytes).toBe(before);
  });

  it.each([
    { graph: graphs.add, donate: [0] },
    { graph: graphs.add, donate: [1] },
    { graph: graphs.addToSecond, donate: [0] },
    { graph: graphs.addToSecond, donate: [1] },
    { graph: graphs.add, donate: [0, 1] },
    { graph: graphs.addToSecond, donate: [1, 0, 1] },
  ])('that are another input too stay readable to the end: $graph.name, $donate', async ({ graph, donate }) => {
    const backend = make();
    const executable = await backend.compile(graph);
    const x = await backend.upload(array([1, 2]));
    const before = backend.memory.liveBytes;
    const [y] = await executable.run([x, x], { donate });
    expect([await read(y), await isGone(x)]).toEqual([[2, 4], true]);
    expect(executable.counters?.()?.peakBytes).toBe(executable.footprint.arenaBytes + 32);
    expect(backend.memory.liveBytes).toBe(before);
  });

  it.each([
    { donate: [], own: 2 },
    { donate: [0], own: 1 },
    { donate: [1], own: 2 },
    { donate: [2], own: 1 },
    { donate: [0, 2], own: 0 },
    { donate: [2, 1, 0], own: 0 },
    { donate: [0, 0], own: 1 },
  ])('of several: $donate leaves $own outputs to allocate', async ({ donate, own }) => {
    const backend = make();
    const executable = await backend.compile(graphs.two);
    const inputs = await Promise.all(
      [
        [1, 2],
        [10, 20],
        [5, 6],
      ].map((data) => backend.upload(array(data))),
    );
    const outputs = await executable.run(inputs, { donate });
    expect(await Promise.all(outputs.map(read))).toEqual([
      [11, 22],
      [10, 12],
    ]);
    expect(await Promise.all(inputs.map(isGone))).toEqual([0, 1, 2].map((i) => donate.includes(i)));
    expect(executable.counters?.()?.peakBytes).toBe(executable.footprint.arenaBytes + 16 * (3 + own));
    for (const x of [...inputs, ...outputs]) x.dispose();
    expect(backend.memory.liveBytes).toBe(executable.footprint.arenaBytes);
  });
});

describe('failed runs', () => {
  it('name the graph, free what they made, and leave inputs as they were', async () => {
    const backend = make();
    const executable = await backend.compile(graphs.divide);
    const zero = await backend.upload(I32(0));
    const before = backend.memory.liveBytes;
    const error = await refusal(() => executable.run([zero]));
    expect(error).toMatchObject({ code: 'EXECUTION', operation: 'run' });
    expect(error.message).toBe(
      "run: graph 'divide' stopped (RuntimeError: divide by zero). Compiled code does not do that: please report the graph.",
    );
    expect(error.cause).toBeInstanceOf(WebAssembly.RuntimeError);
    expect([await read(zero), backend.memory.liveBytes]).toEqual([[0], before]);
    expect(executable.counters?.()).toMatchObject({ tapeEntries: 0 });
    const [y] = await executable.run([await backend.upload(I32(-2))]);
    expect(await read(y)).toEqual([-3]);
  });

  it('for want of memory give everything back, donated inputs too', async () => {
    const backend = make(3 * pageBytes);
    const large = type('f32', pageBytes / 8); // half a page
    const executable = await backend.compile(graphOf('two', [large, large, large], [large, large]));
    const upload = (elements: number, n: number): Promise<DeviceArray> =>
      backend.upload(array(new Float32Array(elements).fill(n)));
    const inputs = await Promise.all([1, 2, 3].map((n) => upload(pageBytes / 8, n)));
    for (const { ballast, donate } of [
      { ballast: (9 / 8) * pageBytes, donate: [2] }, // the only output that needs memory does not fit
      { ballast: (5 / 8) * pageBytes, donate: [] }, // the first of two does
    ]) {
      const weight = await upload(ballast / 4, 0);
      const before = backend.memory.liveBytes;
      const error = await refusal(() => executable.run(inputs, { donate }));
      expect(error.message).toMatch(/^run: there is no piece of 32 KiB: /);
      expect(backend.memory.liveBytes).toBe(before);
      weight.dispose();
    }
    expect(await Promise.all(inputs.map(async (x) => (await read(x))[7]))).toEqual([1, 2, 3]);
    const [y, z] = await executable.run(inputs, { donate: [0, 2] });
    expect([(await read(y))[7], (await read(z))[7]]).toEqual([3, 6]);
  });

  it('of tapes that can not grow say what was wanted and what to do', async () => {
    const backend = make(2 ** 20);
    const executable = await backend.compile(graphs.tape);
    const before = backend.memory.liveBytes;
    const n = await backend.upload(I32(40));
    const error = await refusal(() => executable.run([n]));
    expect(error.message).toBe(
      "run: a tape of graph 'tape' wanted 2.5 MiB more, with 1024 KiB left of 1.0 MiB. Take the adjoint gradient, whose memory does not grow with the steps, or larger tolerances, which take fewer, or raise maximumBytes (up to 4 GiB).",
    );
    expect(error).toMatchObject({ code: 'EXECUTION', cause: expect.any(WebAssembly.RuntimeError) as unknown });
    expect(await read(n)).toEqual([40]);
    n.dispose();
    const minusOne = await backend.upload(I32(-1));
    expect((await refusal(() => executable.run([minusOne]))).message).toMatch(
      /^run: graph 'tape' stopped \(RuntimeError: unreachable\)\. Compiled/,
    );
    minusOne.dispose();
    expect(backend.memory.liveBytes).toBe(before);
    const [m] = await executable.run([await backend.upload(I32(10))]);
    expect([await read(m), executable.counters?.()?.tapeEntries]).toEqual([[10], 10]);
  });

  it('do not touch arrays with their tapes, which lie above everything', async () => {
    const backend = make();
    const executable = await backend.compile(graphs.tape);
    const kept = await Promise.all([1, 2, 3, 4].map((x) => backend.upload(array(new Float32Array(30_000).fill(x)))));
    kept[1]?.dispose();
    await executable.run([await backend.upload(I32(30))]);
    const reserved = backend.memory.reservedBytes;
    expect(await Promise.all([0, 2, 3].map(async (i) => new Set(await read(kept[i]))))).toEqual([
      new Set([1]),
      new Set([3]),
      new Set([4]),
    ]);
    // What a tape was given serves arrays afterwards.
    await backend.upload(array(new Float32Array((20 * pageBytes) / 4)));
    expect(backend.memory.reservedBytes).toBe(reserved);
  });
});

describe('compiled graphs', () => {
  it('share a module with equal ones, until the last is disposed of and others come', async () => {
    const backend = make();
    const copies = await Promise.all([0, 1].map(() => backend.compile(graphOf('add', [pair, pair], [pair]))));
    const [first, second] = copies as [(typeof copies)[number], (typeof copies)[number]];
    expect(backend.memory.liveBytes).toBe(first.footprint.arenaBytes);
    const x = await backend.upload(array([1, 2]));
    first.dispose();
    first.dispose();
    expect((await refusal(() => first.run([x, x]))).message).toBe(
      "run: the executable of graph 'add' was disposed. Compile it again.",
    );
    const [y] = await second.run([x, x], { donate: [0] });
    expect(await read(y)).toEqual([2, 4]);
    y?.dispose();
    second.dispose();
    expect(backend.memory.liveBytes).toBe(first.footprint.arenaBytes);
    const [one, another] = [await backend.compile(graphs.thrice), await backend.compile(graphs.constants)];
    for (let i = 1; i <= 20; i++) (await backend.compile(graphOf('thrice', [], [], i))).dispose();
    for (let i = 1; i <= 20; i++) (await backend.compile(graphOf('constants', [], [type('i32', 2)], i))).dispose();
    expect(backend.memory.liveBytes).toBe(one.footprint.arenaBytes + 17 * another.footprint.arenaBytes);
    one.dispose();
    another.dispose();
    expect(backend.memory.liveBytes).toBe(one.footprint.arenaBytes + 15 * another.footprint.arenaBytes);
  });

  it('tell what they occupy', async () => {
    const backend = make();
    const { footprint } = await backend.compile(graphs.large);
    expect(footprint.arenaBytes).toBeGreaterThanOrEqual(8 * pageBytes);
    expect(footprint.codeBytes).toBeGreaterThan(50);
    expect(backend.memory.liveBytes).toBe(footprint.arenaBytes);
  });

  it('give up their memory to others when they are not used', async () => {
    const backend = make(16 * pageBytes);
    const executable = await backend.compile(graphs.large);
    executable.dispose();
    expect(backend.memory.liveBytes).toBeGreaterThan(8 * pageBytes);
    const x = await backend.upload(array(new Float32Array((12 * pageBytes) / 4)));
    expect(backend.memory.liveBytes).toBe(12 * pageBytes);
    expect((await refusal(() => backend.compile(graphs.large))).message).toMatch(/^compile: there is no piece of/);
    x.dispose();
    await backend.compile(graphs.large);
  });

  it('are unused when they were forgotten, but not while a method of theirs is there', async () => {
    const backend = make(16 * pageBytes);
    const { runSync } = await backend.compile(graphs.constants);
    await backend.compile(graphs.large);
    const wanted = array(new Float32Array((12 * pageBytes) / 4));
    let x: DeviceArray | undefined;
    await collectGarbage(() => {
      void backend.upload(wanted).then(
        (device) => (x = device),
        () => undefined,
      );
      return x !== undefined;
    });
    expect(x).toBeDefined();
    expect(await read(runSync([])[0])).toEqual([42, 0]);
  });

  it('are refused if the compiler or the host can not have them, and leave nothing behind', async () => {
    const backend = make();
    const error = await refusal(() => backend.compile(graphs.broken));
    expect(error).toMatchObject({ code: 'EXECUTION', cause: expect.any(WebAssembly.CompileError) as unknown });
    expect(error.message).toMatch(/^compile: the host refused the code of graph 'broken' \(CompileError: /);
    expect((await refusal(() => backend.compile(graphOf('unknown', [], [])))).message).toBe("no program 'unknown'");
    const tapes = value(tapeType(pair));
    expect(await refusal(() => backend.compile({ name: 'g', inputs: [tapes], nodes: [], outputs: [] }))).toMatchObject({
      code: 'UNSUPPORTED',
      message:
        "compile: input 1 of graph 'g' is tape<f32[2]>; expected tensors: tapes live only inside a graph. Read the tape with scan, and return what it gives.",
    });
    expect(
      await refusal(() => backend.compile({ name: 'open', inputs: [], nodes: [], outputs: [value(pair)] })),
    ).toMatchObject({ code: 'TRACE' });
    expect(backend.memory.liveBytes).toBe(0);
  });
});

describe('a backend', () => {
  it('says what it is', () => {
    const { name, capabilities } = make();
    expect([name, capabilities]).toEqual(['wasm', { dtypes: ['f32', 'f64', 'i32', 'bool'], composites: ['mean'] }]);
  });

  it('refuses host arrays that contradict themselves', async () => {
    const backend = make();
    const upload = (source: HostArray): Promise<string> => refusal(() => backend.upload(source)).then(String);
    expect(await upload({ ...array([1, 2, 3]), shape: [2] })).toBe(
      'ShapeError: upload: 3 elements for shape [2]; expected 2 elements.',
    );
    expect(await upload({ ...array([1, 2]), data: new Float64Array(2) })).toBe(
      'DTypeError: upload: a Float64Array for f32; expected Float32Array.',
    );
    expect(backend.memory.liveBytes).toBe(0);
  });

  it('refuses everything after it was disposed, and holds nothing', async () => {
    const backend = make();
    const [executable, idle] = [await backend.compile(graphs.add), await backend.compile(graphs.thrice)];
    const x = await backend.upload(array([1, 2]));
    // Under way: a module that is being loaded, and one that is there.
    const [loading, sharing] = [graphs.divide, graphs.add].map((graph) => refusal(() => backend.compile(graph)));
    await backend.dispose();
    await backend.dispose();
    const message = 'the wasm backend was disposed. Make another with await wasm().';
    for (const [operation, attempt] of [
      ['compile', () => backend.compile(graphs.add)],
      ['upload', () => backend.upload(array([1]))],
      ['download', () => backend.download(x)],
      ['read', () => x.read()],
      ['run', () => executable.run([x, x])],
      ['run', () => idle.run([])],
    ] as const) {
      expect(await refusal(attempt)).toMatchObject({ code: 'EXECUTION', message: `${operation}: ${message}` });
    }
    for (const error of [await loading, await sharing]) {
      expect(error).toMatchObject({ code: 'EXECUTION', message: `compile: ${message}` });
    }
    expect(backend.memory).toEqual({ liveBytes: 0, reservedBytes: 0 });
    x.dispose();
    executable.dispose();
    idle.dispose();
  });
});
