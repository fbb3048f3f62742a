import { describe, expect, it } from 'vitest';
import { countUp, get, i32, op, splat } from './code.ts';
import type { FunctionBuilder } from './function.ts';
import { Bytes } from './bytes.ts';
import { ModuleBuilder } from './module.ts';

const empty = (): ModuleBuilder => new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 2 });

function instantiate(
  module: ModuleBuilder,
  imports: Record<string, unknown> = {},
): { exports: Record<string, (...args: number[]) => number>; memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const env = { memory, ...imports } as WebAssembly.ModuleImports;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env });
  return { exports: exports as Record<string, (...args: number[]) => number>, memory };
}

describe('integers in LEB128', () => {
  it.each([
    [0, [0]],
    [127, [127]],
    [128, [0x80, 1]],
    [624485, [0xe5, 0x8e, 0x26]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('unsigned %d', (value, expected) => {
    const out = new Bytes();
    out.unsigned(value);
    expect([...out.written()]).toEqual(expected);
  });

  it.each([
    [0, [0]],
    [63, [63]],
    [64, [0xc0, 0]],
    [-1, [0x7f]],
    [-65, [0xbf, 0x7f]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('signed %d', (value, expected) => {
    const [out, wide] = [new Bytes(), new Bytes()];
    out.signed(value);
    wide.signed64(BigInt(value));
    expect([...out.written()]).toEqual(expected);
    expect([...wide.written()]).toEqual(expected);
  });

  it('grow as they are written', () => {
    const out = new Bytes();
    for (let i = 0; i < 1000; i++) out.f64(i);
    expect(new Float64Array(out.written().slice().buffer)[999]).toBe(999);
  });
});

describe('modules', () => {
  it('call imports and their own functions, in any order', () => {
    const module = empty();
    const twice = module.importFunction('env', 'twice', ['f64'], ['f64']);
    const main = module.function('main', ['f64'], ['f64']);
    const inner = module.function('inner', ['f64'], ['f64']);
    main.get(main.param(0)).call(inner).call(twice);
    inner.get(inner.param(0)).f64(0.5).op('f64.add');
    module.export(main);
    const { exports } = instantiate(module, { twice: (x: number) => 2 * x });
    expect(exports['main']!(3)).toBe(7);
  });

  it('give several results', () => {
    const module = empty();
    const both = module.function('both', ['i32'], ['i32', 'i32']);
    both.get(both.param(0)).get(both.param(0)).i32(1).op('i32.add');
    module.export(both);
    expect(instantiate(module).exports['both']!(4)).toEqual([4, 5]);
  });

  it('refuse imports after functions', () => {
    const module = empty();
    module.function('f', [], []);
    expect(() => module.importFunction('env', 'late', [], [])).toThrow('imports come before functions');
  });

  it('export globals by name, and change them', () => {
    const module = empty();
    const count = module.global('i32', 'count');
    const f = module.function('f', [], []);
    f.globalGet(count).i32(3).op('i32.add').globalSet(count);
    module.export(f);
    const { exports } = instantiate(module);
    exports['f']!();
    exports['f']!();
    expect((exports['count'] as unknown as WebAssembly.Global).value).toBe(6);
  });

  it('name functions for stack traces', () => {
    const module = empty();
    const f = module.function('dynamics', [], []);
    f.op('unreachable');
    module.export(f);
    let stack = '';
    try {
      instantiate(module).exports['dynamics']!();
    } catch (error) {
      stack = (error as Error).stack ?? '';
    }
    expect(stack).toContain('dynamics');
  });
});

describe('functions', () => {
  const evaluate = (write: (f: FunctionBuilder) => void, ...args: number[]): number => {
    const module = empty();
    const f = module.function(
      'f',
      args.map(() => 'i32' as const),
      ['i32'],
    );
    write(f);
    module.export(f);
    return instantiate(module).exports['f']!(...args);
  };

  it('branch to labels at any depth', () => {
    const sum = (n: number): number =>
      evaluate((f) => {
        const [total, i] = [f.local('i32'), f.local('i32')];
        f.block((done) => {
          f.loop((again) => {
            f.emit(op('i32.ge_s', get(i), get(f.param(0)))).branchIf(done);
            f.emit(op('i32.and', get(i), i32(1))).if(() => {
              f.emit(op('i32.add', get(i), i32(1)))
                .set(i)
                .branch(again);
            });
            f.emit(op('i32.add', get(total), get(i))).set(total);
            f.emit(op('i32.add', get(i), i32(1)))
              .set(i)
              .branch(again);
          });
        });
        f.get(total);
      }, n);
    expect([sum(0), sum(5), sum(10)]).toEqual([0, 6, 20]);
  });

  it('choose between branches', () => {
    const choose = (x: number): number =>
      evaluate((f) => {
        const result = f.local('i32');
        f.get(f.param(0)).if(
          () => f.i32(10).set(result),
          () => f.i32(20).set(result),
        );
        f.get(result);
      }, x);
    expect([choose(1), choose(0)]).toEqual([10, 20]);
  });

  it('write instructions aside, behind what those turn out to need', () => {
    const result = evaluate((f) => {
      const needed = f.local('i32');
      const body = f.aside(() => {
        f.loop(() => f.emit(op('i32.add', get(needed), i32(1))).set(needed));
      });
      f.i32(41).set(needed);
      f.emit(body).get(needed);
    });
    expect(result).toBe(42);
  });

  it.each([
    [0, 7, 2, 12],
    [3, 3, 1, 0],
    [5, 3, 1, 0],
  ])('count from %d below %d by %d', (start, end, step, expected) => {
    const total = evaluate((f) => {
      const [sum, counter] = [f.local('i32'), f.local('i32')];
      countUp(f, counter, { start: i32(start), end: i32(end), step }, () => {
        f.emit(op('i32.add', get(sum), get(counter))).set(sum);
      });
      f.get(sum);
    });
    expect(total).toBe(expected);
  });

  it('load, store, shuffle and pick lanes', () => {
    const module = empty();
    const f = module.function('f', [], []);
    const reversed = [12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3];
    const x = f.keep('v128', (b) => b.i32(0).memory('v128.load', 16));
    f.i32(32).get(x).get(x).shuffle(reversed).memory('v128.store');
    f.i32(48).get(x).lane('f32x4.extract_lane', 2).memory('f32.store');
    f.i32(52).get(x).memoryLane('v128.store64_lane', 1);
    f.i32(64)
      .i32(20)
      .get(x)
      .memoryLane('v128.load32_lane', 3)
      .emit(splat('f32x4', 1))
      .op('f32x4.add')
      .memory('v128.store');
    f.i32(80).i32(16).memory('v128.load32_splat').memory('v128.store');
    f.i32(96).i32(16).i32(16).memoryCopy();
    f.i32(112).i32(255).i32(4).memoryFill();
    module.export(f);
    const { exports, memory } = instantiate(module);
    const floats = new Float32Array(memory.buffer);
    floats.set([1, 2, 3, 4], 4);
    exports['f']!();
    expect([...floats.slice(8, 12)]).toEqual([4, 3, 2, 1]);
    expect([...floats.slice(12, 15)]).toEqual([3, 3, 4]);
    expect([...floats.slice(16, 20)]).toEqual([2, 3, 4, 3]);
    expect([...floats.slice(20, 24)]).toEqual([1, 1, 1, 1]);
    expect([...floats.slice(24, 28)]).toEqual([1, 2, 3, 4]);
    expect(new Int32Array(memory.buffer)[28]).toBe(-1);
  });

  it('grow the memory', () => {
    expect(evaluate((f) => void f.i32(1).memoryGrow().op('drop').memorySize())).toBe(2);
  });
});
