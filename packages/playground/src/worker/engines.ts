/** The engines of a browser. Those that are large are loaded when they are chosen. */
import { array, compile, UnsupportedError, type Backend, type Tensor } from '@node-ode/core';
import { wasm } from '@node-ode/backend-wasm';

/** Engines by the names that the page offers. */
const open = {
  wasm: () => wasm(),
  'onnx-webgpu': async () => {
    const [{ onnx }, runtime] = await Promise.all([import('@node-ode/backend-onnx'), import('onnxruntime-web/webgpu')]);
    return onnx({ provider: 'webgpu', runtime });
  },
  'tfjs-webgpu': async () => {
    const [{ tfjs }, tf] = await Promise.all([
      import('@node-ode/backend-tfjs'),
      import('@tensorflow/tfjs-core'),
      import('@tensorflow/tfjs-backend-webgpu'),
    ]);
    return tfjs({ tf, backend: 'webgpu' });
  },
} as const satisfies Readonly<Record<string, () => Promise<Backend>>>;

export type EngineName = keyof typeof open;

const engineNames = Object.keys(open) as readonly EngineName[];

/** The embedded engine, which every browser has. */
export const embedded = 'wasm' satisfies EngineName;

/** What can be chosen on this machine. */
export interface Offer {
  readonly engines: readonly EngineName[];
  /** What WebGPU computes on, as the browser calls it; undefined where there is no WebGPU. */
  readonly gpu?: { readonly name: string; readonly isSoftware: boolean };
}

/** What is looked at of WebGPU, which TypeScript's own types leave out. */
interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}
interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: {
    readonly isFallbackAdapter?: boolean;
    readonly vendor?: string;
    readonly architecture?: string;
    readonly description?: string;
  };
}

const gpuOf = (scope: object): Gpu | undefined => ('gpu' in scope ? (scope.gpu as Gpu | undefined) : undefined);

/** Which engines can be chosen: those of WebGPU where there is a GPU, or a software one if that will do. */
export async function available(software: boolean): Promise<Offer> {
  try {
    const adapter = await gpuOf(navigator)?.requestAdapter();
    if (adapter == null) return { engines: [embedded] };
    const gpu = described(adapter);
    return { gpu, engines: gpu.isSoftware && !software ? [embedded] : engineNames };
  } catch {
    return { engines: [embedded] };
  }
}

function described({ isFallbackAdapter = false, info = {} }: Adapter): NonNullable<Offer['gpu']> {
  const { vendor = '', architecture = '', description = '' } = info;
  const name = description || [vendor, architecture].filter((part) => part !== '').join(' ') || 'a GPU';
  const isSoftware =
    isFallbackAdapter || info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe/i.test(name);
  return { name, isSoftware };
}

/**
 * Starts an engine, and has it compute something that is known.
 *
 * @throws UnsupportedError if it does not start, or computes something else.
 */
export async function openEngine(name: EngineName): Promise<Backend> {
  let backend: Backend;
  try {
    backend = await open[name]();
  } catch (cause) {
    throw new UnsupportedError(name, `it does not start here (${messageOf(cause)})`, { cause });
  }
  if (name === embedded) return backend;
  try {
    await requireRight(backend);
    return backend;
  } catch (cause) {
    await backend.dispose();
    throw new UnsupportedError(name, `it does not compute as it should (${messageOf(cause)})`, { cause });
  }
}

async function requireRight(backend: Backend): Promise<void> {
  const program = compile(backend, (x: Tensor) => x.matmul(x).tanh());
  const result = await program(
    array([
      [0, 1],
      [2, 0],
    ]),
  );
  const { data } = await result.read();
  result.dispose();
  program.dispose();
  const expected = [Math.tanh(2), 0, 0, Math.tanh(2)];
  if (expected.some((value, i) => !(Math.abs(value - (data[i] ?? NaN)) < 1e-5))) {
    throw new Error(`tanh(x·x) is [${Array.from(data).join(', ')}] where it is [${expected.join(', ')}]`);
  }
}

/** What an error says, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
