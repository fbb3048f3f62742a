/** A WebAssembly module under construction: types, imports, functions, globals and exports, and its binary form. */
import { Bytes } from './bytes.ts';
import { FunctionBuilder } from './function.ts';

/** Types of stack values. */
export type WasmType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

const typeCodes: Readonly<Record<WasmType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** The byte of a value type in the binary format. */
export const typeCode = (type: WasmType): number => typeCodes[type];

/** Something that can be called. */
export interface Callable {
  readonly name: string;
  readonly params: readonly WasmType[];
  readonly results: readonly WasmType[];
  /** Its place among all functions; imports come first. */
  readonly index: number;
}

/** A module's global variable. */
export interface Global {
  readonly type: WasmType;
  readonly index: number;
}

/** The memory that a module imports; extents in pages. */
export interface ImportedMemory {
  readonly module: string;
  readonly name: string;
  readonly initial: number;
  readonly maximum: number;
  /** Whether several threads have it: then the one that is given must be shared, too. */
  readonly shared?: boolean;
}

interface Import extends Callable {
  readonly module: string;
}

/**
 * A module with one imported memory. Imports of functions are declared before the first function.
 *
 * @example
 * const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 65536 });
 * const twice = module.function('twice', ['f64'], ['f64']);
 * twice.get(twice.param(0)).get(twice.param(0)).op('f64.add');
 * module.export(twice);
 * new WebAssembly.Module(module.encode());
 */
export class ModuleBuilder {
  readonly #memory: ImportedMemory;
  readonly #types = new Map<string, number>();
  readonly #signatures: { params: readonly WasmType[]; results: readonly WasmType[] }[] = [];
  readonly #imports: Import[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #globals: { type: WasmType; name: string | undefined }[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];

  constructor(memory: ImportedMemory) {
    this.#memory = memory;
  }

  importFunction(module: string, name: string, params: readonly WasmType[], results: readonly WasmType[]): Callable {
    if (this.#functions.length > 0) throw new Error('imports come before functions');
    const imported: Import = { module, name, params, results, index: this.#imports.length };
    this.#imports.push(imported);
    this.typeIndex(params, results);
    return imported;
  }

  /** A function to write. Names are for people: they are in the name section, which profilers and stack traces show. */
  function(name: string, params: readonly WasmType[], results: readonly WasmType[]): FunctionBuilder {
    this.typeIndex(params, results);
    const built = new FunctionBuilder(this, name, params, results, this.#imports.length + this.#functions.length);
    this.#functions.push(built);
    return built;
  }

  /** A mutable global that starts at zero; exported under its name if it has one. */
  global(type: 'i32' | 'f64', name?: string): Global {
    this.#globals.push({ type, name });
    return { type, index: this.#globals.length - 1 };
  }

  /** Exports a function, under its own name unless another is given. */
  export({ name, index }: Callable, as = name): void {
    this.#exports.push({ name: as, index });
  }

  /** The index of a function type, shared by all that have it. */
  typeIndex(params: readonly WasmType[], results: readonly WasmType[]): number {
    const key = `${params.join()}:${results.join()}`;
    let index = this.#types.get(key);
    if (index === undefined) {
      index = this.#signatures.length;
      this.#types.set(key, index);
      this.#signatures.push({ params, results });
    }
    return index;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    out.append(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const section = (id: number, write: (body: Bytes) => void): void => {
      const body = new Bytes();
      write(body);
      out.byte(id);
      out.unsigned(body.length);
      out.append(body.written());
    };
    section(1, (body) => {
      body.unsigned(this.#signatures.length);
      for (const { params, results } of this.#signatures) {
        body.byte(0x60);
        for (const types of [params, results]) {
          body.unsigned(types.length);
          for (const type of types) body.byte(typeCode(type));
        }
      }
    });
    section(2, (body) => {
      const { module, name, initial, maximum, shared = false } = this.#memory;
      body.unsigned(this.#imports.length + 1);
      for (const { module: from, name: what, params, results } of this.#imports) {
        body.name(from);
        body.name(what);
        body.byte(0);
        body.unsigned(this.typeIndex(params, results));
      }
      body.name(module);
      body.name(name);
      body.append(Uint8Array.of(2, shared ? 3 : 1));
      body.unsigned(initial);
      body.unsigned(maximum);
    });
    section(3, (body) => {
      body.unsigned(this.#functions.length);
      for (const { params, results } of this.#functions) body.unsigned(this.typeIndex(params, results));
    });
    section(6, (body) => {
      body.unsigned(this.#globals.length);
      for (const { type } of this.#globals) {
        body.append(Uint8Array.of(typeCode(type), 1));
        if (type === 'f64') {
          body.byte(0x44);
          body.f64(0);
        } else {
          body.append(Uint8Array.of(0x41, 0));
        }
        body.byte(0x0b);
      }
    });
    section(7, (body) => {
      const globals = this.#globals.flatMap(({ name }, index) => (name === undefined ? [] : [{ name, index }]));
      body.unsigned(this.#exports.length + globals.length);
      for (const { name, index } of this.#exports) {
        body.name(name);
        body.byte(0);
        body.unsigned(index);
      }
      for (const { name, index } of globals) {
        body.name(name);
        body.byte(3);
        body.unsigned(index);
      }
    });
    section(10, (body) => {
      body.unsigned(this.#functions.length);
      for (const built of this.#functions) {
        const code = built.encode();
        body.unsigned(code.length);
        body.append(code);
      }
    });
    section(0, (body) => {
      body.name('name');
      const names = new Bytes();
      names.unsigned(this.#functions.length);
      for (const { index, name } of this.#functions) {
        names.unsigned(index);
        names.name(name);
      }
      body.byte(1);
      body.unsigned(names.length);
      body.append(names.written());
    });
    return out.written().slice();
  }
}
