/** What all functions of a module share: its builder, its globals, and small helper functions, each written once. */
import { get, op } from '../encoder/code.ts';
import type { FunctionBuilder } from '../encoder/function.ts';
import type { Callable, Global, ModuleBuilder } from '../encoder/module.ts';
import { binaryFunctions, unaryFunctions, type FloatLanes } from '../math/index.ts';
import { inlineConstants } from '../math/types.ts';
import type { FunctionPlan } from './plan.ts';

export type UnaryFunction = keyof typeof unaryFunctions & string;
export type BinaryFunction = keyof typeof binaryFunctions & string;

export const isUnaryFunction = (name: string): name is UnaryFunction => Object.hasOwn(unaryFunctions, name);
export const isBinaryFunction = (name: string): name is BinaryFunction => Object.hasOwn(binaryFunctions, name);

/** Reading past the end of a tensor stays within this many bytes. */
const slackBytes = 64;

export class ModuleContext {
  readonly module: ModuleBuilder;
  /** The address of the arena. */
  readonly arena: number;
  readonly tapeTop: Global;
  readonly tapePeak: Global;
  readonly tapeEntries: Global;
  readonly tapeWanted: Global;
  readonly #share: Callable | undefined;
  readonly #jobs: Callable[] = [];
  readonly #functions = new Map<FunctionPlan, FunctionBuilder>();
  readonly #helpers = new Map<string, Callable>();
  readonly #counterOf: (name: string) => number;

  constructor(
    module: ModuleBuilder,
    { arena, threads }: { readonly arena: number; readonly threads: number },
    counterOf: (name: string) => number,
  ) {
    this.module = module;
    this.#share = threads > 1 ? module.importFunction('env', 'share', ['i32', 'i32'], []) : undefined;
    this.arena = arena;
    this.#counterOf = counterOf;
    this.tapeTop = module.global('i32', 'tapeTop');
    this.tapePeak = module.global('i32', 'tapePeak');
    this.tapeEntries = module.global('i32', 'tapeEntries');
    this.tapeWanted = module.global('i32', 'tapeWanted');
  }

  /** The function of a plan, to call or to write. */
  function(plan: FunctionPlan): FunctionBuilder {
    let built = this.#functions.get(plan);
    if (built === undefined) this.#functions.set(plan, (built = this.module.function(plan.name, [], [])));
    return built;
  }

  /** share(job, parts): has the parts of a job done, by whichever threads there are. */
  get share(): Callable {
    if (this.#share === undefined) throw new Error('a module for one thread shares nothing');
    return this.#share;
  }

  /** Makes a function (part, thread) a job, and gives its number. */
  addJob(f: Callable): number {
    return this.#jobs.push(f) - 1;
  }

  /** The jobs by their numbers. */
  get jobs(): readonly Callable[] {
    return this.#jobs;
  }

  /** The address of the counter of calls of graphs with this name. */
  counter(name: string): number {
    return this.arena + this.#counterOf(name);
  }

  /** A function of vectors, for code that is too long to be in every loop. */
  vectorFunction(name: UnaryFunction | BinaryFunction, lanes: FloatLanes): Callable {
    return this.#helper(`${lanes}.${name}`, (helperName) => {
      const f = this.module.function(helperName, isUnaryFunction(name) ? ['v128'] : ['v128', 'v128'], ['v128']);
      const result = isUnaryFunction(name)
        ? unaryFunctions[name].emit(f, lanes, f.param(0), inlineConstants)
        : binaryFunctions[name].emit(f, lanes, f.param(0), f.param(1), inlineConstants);
      f.get(result);
      return f;
    });
  }

  /** The same function of scalars. */
  scalarFunction(name: UnaryFunction | BinaryFunction, type: 'f32' | 'f64'): Callable {
    const lanes = type === 'f32' ? 'f32x4' : 'f64x2';
    const vector = this.vectorFunction(name, lanes);
    return this.#helper(`${type}.${name}`, (helperName) => {
      const params = vector.params.map(() => type);
      const f = this.module.function(helperName, params, [type]);
      params.forEach((_, i) => f.get(f.param(i)).op(`${lanes}.splat`));
      return f.call(vector).lane(`${lanes}.extract_lane`, 0);
    });
  }

  /** Division or remainder of i32, truncating; 0 where the divisor is 0. The quotient of two i32 is exact enough in f64. */
  integerDivision(name: 'div' | 'rem'): Callable {
    return this.#helper(`i32.${name}`, (helperName) => {
      const f = this.module.function(helperName, ['i32', 'i32'], ['i32']);
      const [x, y] = [get(f.param(0)), get(f.param(1))];
      f.emit(op('i32.eqz', y)).if(() => f.i32(0).op('return'));
      const quotient = op(
        'i32.wrap_i64',
        op('i64.trunc_sat_f64_s', op('f64.div', op('f64.convert_i32_s', x), op('f64.convert_i32_s', y))),
      );
      return f.emit(name === 'div' ? quotient : op('i32.sub', x, op('i32.mul', quotient, y)));
    });
  }

  /** The same of vectors, lane by lane: engines have no instruction for it. */
  integerDivisions(name: 'div' | 'rem'): Callable {
    const scalar = this.integerDivision(name);
    return this.#helper(`i32x4.${name}`, (helperName) => {
      const f = this.module.function(helperName, ['v128', 'v128'], ['v128']);
      f.get(f.param(0));
      for (let lane = 0; lane < 4; lane++) {
        for (const operand of [0, 1]) f.get(f.param(operand)).lane('i32x4.extract_lane', lane);
        f.call(scalar).lane('i32x4.replace_lane', lane);
      }
      return f;
    });
  }

  /** reserve(start, end): memory up to the address `end` for a tape that begins at `start`; traps if there is none to be had. */
  reserve(): Callable {
    return this.#helper('reserve', (helperName) => {
      const f = this.module.function(helperName, ['i32', 'i32'], []);
      const [start, end] = [get(f.param(0)), get(f.param(1))];
      const missing = f.local('i32');
      const fail = (): void => {
        f.emit(op('i32.sub', end, start))
          .globalSet(this.tapeWanted)
          .op('unreachable');
      };
      f.emit(op('i32.lt_u', end, start)).if(fail);
      // Pages that the end with its slack is in, less those that there are.
      f.emit(
        op(
          'i32.add',
          op('i32.shr_u', end, (b) => b.i32(16)),
          (b) => b.i32(Math.ceil(slackBytes / 65536) + 1),
        ),
      );
      f.memorySize()
        .op('i32.sub')
        .tee(missing)
        .i32(0)
        .op('i32.gt_s')
        .if(() => {
          // A quarter more than there is, or else what is needed.
          const quarter = f.keep('i32', (b) => b.memorySize().i32(2).op('i32.shr_u'));
          f.emit(op('select', get(quarter), get(missing), op('i32.gt_u', get(quarter), get(missing))));
          f.memoryGrow()
            .i32(-1)
            .op('i32.eq')
            .if(() => {
              f.get(missing).memoryGrow().i32(-1).op('i32.eq').if(fail);
            });
        });
      f.emit(op('i32.gt_u', end, (b) => b.globalGet(this.tapePeak))).if(() => f.emit(end).globalSet(this.tapePeak));
      return f;
    });
  }

  #helper(name: string, write: (name: string) => Callable): Callable {
    let helper = this.#helpers.get(name);
    if (helper === undefined) this.#helpers.set(name, (helper = write(name)));
    return helper;
  }
}
