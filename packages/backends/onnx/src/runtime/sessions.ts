/** Sessions of one backend: models loaded into ONNX Runtime, equal ones once. */
import { ExecutionError } from '@node-ode/core';
import { encodeModel } from '../model/encode.ts';
import { contentKey } from '../model/hash.ts';
import type { OnnxModel } from '../model/ir.ts';
import type { Session, SessionRequest } from './contract.ts';
import type { OptimizedModels } from './optimized-models.ts';
import type { Settings } from './options.ts';
import { describeRuntime, isNative, type OrtModule, type OrtSession, type OrtSessionOptions } from './ort.ts';
import { firstRefused, flatten } from './flatten.ts';
import { hasControlFlow } from './placement.ts';
import { isRefusal, loadFailure, runFailure } from './session-errors.ts';
import { noFallback, sessionOptions } from './session-options.ts';

/** The sessions of a backend. */
export interface Sessions {
  /** See `Runtime.open`. */
  open(model: OnnxModel, request: SessionRequest): Promise<Session>;
  /** Releases all sessions, used or not. None can be opened afterwards. */
  close(): Promise<void>;
}

interface Entry {
  readonly loading: Promise<OrtSession>;
  uses: number;
}

/** Sessions that are kept although nobody uses them. */
const unusedLimit = 16;

export function sessions(runtime: OrtModule, settings: Settings, optimized: OptimizedModels | undefined): Sessions {
  /** Unused ones in the order in which they became so. */
  const entries = new Map<string, Entry>();
  const inTurn = isNative(runtime) ? atOnce : turnsOf(runtime);
  let isClosed = false;
  const demandOpen = (operation: string): void => {
    if (!isClosed) return;
    throw new ExecutionError(operation, 'the backend was disposed', { advice: 'Make another one.' });
  };

  const load = async (
    model: OnnxModel,
    bytes: Uint8Array<ArrayBuffer>,
    hash: string,
    request: SessionRequest,
  ): Promise<OrtSession> => {
    const options = sessionOptions(model, request, settings, runtime);
    const create = async (of: Uint8Array, more: OrtSessionOptions = {}): Promise<OrtSession> => {
      try {
        return await inTurn(() => runtime.InferenceSession.create(of, { ...options, ...more }));
      } catch (cause) {
        throw await failure(model, cause);
      }
    };
    // ONNX Runtime looks at the main graph alone.
    if (settings.provider === 'cuda' && hasControlFlow(model.graph)) await demandNoFallback(model);
    if (optimized === undefined) return create(bytes);
    const { executionProviders, graphOptimizationLevel, extra } = options;
    const source = [hash, describeRuntime(runtime), executionProviders, graphOptimizationLevel, extra];
    return optimized.open(
      JSON.stringify(source),
      (found) => create(found, { graphOptimizationLevel: 'disabled' }),
      (path) => create(bytes, { optimizedModelFilePath: path }),
    );
  };

  /** The error for a model that ONNX Runtime refused: which node it was is asked for where it does not say. */
  const failure = async (model: OnnxModel, cause: unknown): Promise<Error> => {
    const refused = isRefusal(cause)
      ? await firstRefused(flatten(model), async (part) => (await refusalOf(part)) !== undefined)
      : undefined;
    return loadFailure(model, settings.provider, cause, refused);
  };

  /** @throws UnsupportedError if a node of the model or of its subgraphs would run on the CPU. */
  const demandNoFallback = async (model: OnnxModel): Promise<void> => {
    const refusal = await refusalOf(flatten(model));
    if (refusal !== undefined) throw await failure(model, refusal);
  };

  /** ONNX Runtime's refusal of a model of which a node of the main graph would run on the CPU. */
  const refusalOf = async (model: OnnxModel): Promise<unknown> => {
    const options: OrtSessionOptions = {
      ...sessionOptions(model, { hostOutputs: new Set() }, { ...settings, profile: undefined }, runtime),
      graphOptimizationLevel: 'disabled',
      preferredOutputLocation: {},
      extra: noFallback,
    };
    try {
      const session = await inTurn(() => runtime.InferenceSession.create(encodeModel(model).bytes, options));
      await inTurn(() => session.release());
      return undefined;
    } catch (error) {
      if (isRefusal(error)) return error;
      throw error;
    }
  };

  const release = async ({ loading }: Entry): Promise<void> => {
    const session = await loading;
    if (settings.profile !== undefined) session.endProfiling();
    await inTurn(() => session.release());
  };

  const trim = async (keep: number): Promise<void> => {
    const unused = [...entries].filter(([, { uses }]) => uses === 0);
    const dropped = unused.slice(0, Math.max(0, unused.length - keep));
    for (const [key] of dropped) entries.delete(key);
    await Promise.all(dropped.map(([, entry]) => release(entry)));
  };

  const lease = (key: string, entry: Entry, session: OrtSession, model: OnnxModel): Session => {
    let isHeld = true;
    return {
      run: async (feeds) => {
        demandOpen('run');
        try {
          return await inTurn(() => session.run(feeds));
        } catch (cause) {
          throw runFailure(model, cause);
        }
      },
      release: async () => {
        if (!isHeld) return;
        isHeld = false;
        entry.uses--;
        if (entry.uses > 0 || entries.get(key) !== entry) return;
        entries.delete(key);
        entries.set(key, entry);
        await trim(unusedLimit);
      },
    };
  };

  return {
    open: async (model, request) => {
      demandOpen('compile');
      const { bytes } = encodeModel(model);
      const hash = await contentKey(bytes);
      const key = JSON.stringify([hash, [...request.hostOutputs].sort()]);
      let entry = entries.get(key);
      if (entry === undefined) {
        entry = { loading: load(model, bytes, hash, request), uses: 0 };
        entries.set(key, entry);
      }
      entry.uses++;
      try {
        const session = await entry.loading;
        demandOpen('compile'); // it may have been closed meanwhile
        return lease(key, entry, session, model);
      } catch (error) {
        // A failed load is not kept.
        if (entries.get(key) === entry) entries.delete(key);
        throw error;
      }
    },
    close: async () => {
      isClosed = true;
      const all = [...entries.values()];
      entries.clear();
      // One that failed to load is nobody's any more.
      await Promise.allSettled(all.map(release));
    },
  };
}

type InTurn = <T>(action: () => Promise<T>) => Promise<T>;

const atOnce: InTurn = (action) => action();

/** The last action of each module of onnxruntime-web, which can do one at a time. */
const lastActions = new WeakMap<OrtModule, Promise<unknown>>();

const turnsOf =
  (runtime: OrtModule): InTurn =>
  (action) => {
    const last = lastActions.get(runtime) ?? Promise.resolve();
    const next = last.then(action, action);
    lastActions.set(
      runtime,
      next.catch(() => undefined),
    );
    return next;
  };
