/** Why tfjs-node is not loaded, from what Node and the loader say. */
import { ExecutionError, UnsupportedError, type NodeOdeError } from '@node-ode/core';

/** What messages are read for: how each begins, and what is to be done. */
interface Failure {
  readonly sign: RegExp;
  readonly problem: (name: string, match: RegExpExecArray) => string;
  readonly expected?: string;
  readonly advice: (name: string) => string;
}

const rebuild = (name: string): string =>
  `Run: npm rebuild ${name} --build-addon-from-source. In a clone of node-ode, \`npm run tfjs-node\` installs it without its installer's downloads.`;

const failures: readonly Failure[] = [
  {
    sign: /NODE_MODULE_VERSION (\d+)[^]*NODE_MODULE_VERSION (\d+)/,
    problem: (name, [, built, here]) =>
      `the addon of ${name} was built for another Node (ABI ${built ?? ''}, this one has ${here ?? ''})`,
    advice: rebuild,
  },
  {
    sign: /(libtensorflow(?:_framework)?\.so[.\d]*): cannot open shared object file/,
    problem: (name, [, library]) => `${library ?? ''}, which the addon of ${name} is linked with, is not found`,
    expected: "it in deps/lib of the package, where the package's installer puts it",
    advice: (name) =>
      `Run: npm rebuild ${name}. In a clone of node-ode, \`npm run tfjs-node\` installs it without its installer's downloads.`,
  },
  {
    sign: /GLIBC(?:XX)?_[\d.]+' not found/,
    problem: (name, [missing]) => `the libraries of ${name} want a newer system library (${missing})`,
    expected: 'glibc 2.17 or newer',
    advice: rebuild,
  },
  {
    sign: /native addon module \(tfjs_binding\.node\) can not be found/,
    problem: (name) => `${name} is installed without its addon: its installer downloads it, and failed`,
    advice: rebuild,
  },
  {
    sign: /ERR_DLOPEN_FAILED|file too short|invalid ELF header|undefined symbol/,
    problem: (name, { input }) => `the loader refused the addon of ${name} (${input.split('\n', 1).join('')})`,
    advice: rebuild,
  },
  {
    sign: /isNullOrUndefined is not a function/,
    problem: (name) => `${name} calls util.isNullOrUndefined, which Node 23 removed`,
    expected: 'Node 20 or 22',
    advice: () => 'Run this with Node 22.',
  },
];

/** The error for a package that could not be loaded. */
export function loadFailure(name: string, cause: unknown): NodeOdeError {
  const { code, message = String(cause) } = cause as { readonly code?: unknown; readonly message?: string };
  if (code === 'MODULE_NOT_FOUND' && message.includes(`'${name}'`)) return notInstalled(name, cause);
  const text = code === undefined ? message : `${message}\n${String(code)}`;
  for (const { sign, problem, expected, advice } of failures) {
    const match = sign.exec(text);
    if (match === null) continue;
    const details = { ...(expected === undefined ? {} : { expected }), advice: advice(name), cause };
    return new ExecutionError('loadTfjsNode', problem(name, match), details);
  }
  return new ExecutionError('loadTfjsNode', `${name} could not be loaded (${message.split('\n', 1).join('')})`, {
    advice: rebuild(name),
    cause,
  });
}

export const notInstalled = (name: string, cause?: unknown): NodeOdeError =>
  new UnsupportedError('loadTfjsNode', `package ${name} is not installed`, {
    expected: `${name} beside @node-ode/backend-tfjs, or in the folder that 'from' names`,
    advice: `Run: npm install ${name}. In a clone of node-ode: npm run tfjs-node${name.endsWith('-gpu') ? ' -- --gpu' : ''}.`,
    cause,
  });

export const noNode = (): NodeOdeError =>
  new UnsupportedError('loadTfjsNode', "TensorFlow's library needs Node, and this is none", {
    expected: 'Node 20 or 22',
    advice: 'Use @tensorflow/tfjs-backend-cpu, -wasm or -webgpu here.',
  });
