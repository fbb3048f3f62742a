/**
 * libtensorflow out of a Python wheel. There the C API is in the library of Python's module, whose loading needs Python's symbols.
 * A small library by the name of libtensorflow depends on it and has these symbols: functions end the process, telling their
 * name, if TensorFlow ever calls them, which only its Python interface does.
 */
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './run.ts';
import { tensorflowVersion, wanted } from './wheels.ts';

const internal = '_pywrap_tensorflow_internal.so';

/** Python's symbols among those that a library leaves undefined, as `nm` lists them. */
export const pythonSymbols = (listing: string): readonly string[] => {
  const names = listing.split('\n').map((line) => line.trim().split(/\s+/).at(-1) ?? '');
  return [...new Set(names.filter((name) => /^_?Py[A-Za-z_]/.test(name)))].sort();
};

const isData = (symbol: string): boolean => /(_Type|Struct)$|^PyExc_/.test(symbol);

function definition(symbol: string): string {
  if (isData(symbol)) return `__attribute__((aligned(16))) char ${symbol}[1024];`;
  if (symbol === 'Py_IsInitialized') return `int ${symbol}() { return 0; }`;
  return `[[noreturn]] void ${symbol}() { python("${symbol}"); }`;
}

/** The small library in C++. It has `TF_Version` itself, for linkers that drop libraries of which nothing is used. */
export const librarySource = (symbols: readonly string[]): string =>
  [
    '#include <cstdio>',
    '#include <cstdlib>',
    '#include <dlfcn.h>',
    '[[noreturn]] static void python(const char* name) {',
    '  std::fprintf(stderr, "TensorFlow called %s, but there is no Python in this process\\n", name);',
    '  std::abort();',
    '}',
    'extern "C" {',
    'const char* TF_Version() {',
    '  using Version = const char* (*)();',
    '  static const Version next = reinterpret_cast<Version>(dlsym(RTLD_NEXT, "TF_Version"));',
    '  return next();',
    '}',
    ...symbols.map(definition),
    '}',
    '',
  ].join('\n');

/** `name.so`, `name.so.2` and `name.so.2.9.1`, as TensorFlow's own archives have them: links to the last. */
async function linkNames(folder: string, name: string): Promise<void> {
  const whole = `${name}.so.${tensorflowVersion}`;
  await symlink(whole, join(folder, `${name}.so.2`));
  await symlink(`${name}.so.2`, join(folder, `${name}.so`));
}

/** Makes `lib/` and `include/`, as tfjs-node's installer expects them under `deps/`, of an unpacked wheel, which is used up. */
export async function makeLibrary(unpacked: string, deps: string, signal?: AbortSignal): Promise<void> {
  const [lib, include] = [join(deps, 'lib'), join(deps, 'include')];
  await rm(deps, { recursive: true, force: true });
  await mkdir(lib, { recursive: true });
  for (const header of wanted.headers) {
    const target = join(include, header.replace('tensorflow/include/', ''));
    await mkdir(dirname(target), { recursive: true });
    await cp(join(unpacked, header), target, { recursive: true });
  }
  await rename(join(unpacked, wanted.library), join(lib, internal));
  await rename(join(unpacked, wanted.framework), join(lib, `libtensorflow_framework.so.${tensorflowVersion}`));
  await linkNames(lib, 'libtensorflow_framework');
  await compileLibrary(lib, signal);
  await linkNames(lib, 'libtensorflow');
}

async function compileLibrary(lib: string, signal?: AbortSignal): Promise<void> {
  const listing = await run('nm', ['-D', '--undefined-only', internal], { cwd: lib, signal });
  const source = join(lib, 'libtensorflow.cc');
  await writeFile(source, librarySource(pythonSymbols(listing)));
  const linker = ['-soname,libtensorflow.so.2', '-rpath,$ORIGIN', '--no-as-needed'].map((option) => `-Wl,${option}`);
  const libraries = [`-l:${internal}`, '-l:libtensorflow_framework.so.2', '-ldl'];
  const output = `libtensorflow.so.${tensorflowVersion}`;
  const args = ['-std=c++14', '-shared', '-fPIC', '-O1', '-o', output, source, ...linker, '-L.', ...libraries];
  await run('g++', args, { cwd: lib, signal });
  await rm(source);
}
