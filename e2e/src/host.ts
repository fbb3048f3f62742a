/** Where cases run: in this process, or in a page of a browser (`browser/page-host.ts`), which holds such a process of its own. */
import {
  aboutOf,
  backendFactory,
  backends,
  isUnavailable,
  openBackend,
  type About,
  type BackendFactory,
  type Unavailable,
} from './backends.ts';
import type { Case } from './cases/case.ts';
import { oracleOn, runCase, type Outcome } from './run-case.ts';

/** A backend that is open on a host. */
export interface OpenBackend {
  readonly about: About;
  /** Runs a case; never rejects. */
  run(c: Case): Promise<Outcome>;
  dispose(): Promise<void>;
}

/** Where cases run. */
export interface Host {
  /** Opens a backend by its name, or says why it is not available there. */
  open(name: string): Promise<OpenBackend | Unavailable>;
  /** Ends the host; tells what went wrong on it beside the cases. */
  close(): Promise<readonly string[]>;
}

/** This very process, with the backends that it knows. */
export async function inProcess(known: Readonly<Record<string, BackendFactory>> = backends): Promise<Host> {
  const referenceEngine = await backendFactory('reference', backends)();
  const oracle = oracleOn(referenceEngine);
  return {
    async open(name) {
      const opened = await openBackend(name, backendFactory(name, known));
      if (isUnavailable(opened)) return opened;
      return {
        about: aboutOf(opened),
        run: (c) => runCase(c, name, opened, oracle),
        dispose: async () => opened.dispose(),
      };
    },
    async close() {
      await referenceEngine.dispose();
      return [];
    },
  };
}
