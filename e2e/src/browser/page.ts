/** The page's entry point: the same host as in Node, reached through `PageApi`. */
import { isUnavailable } from '../backends.ts';
import { titleOf } from '../cases/case.ts';
import { allCases } from '../cases/index.ts';
import { inProcess, type OpenBackend } from '../host.ts';
import './page-api.ts';
import { pageBackends } from './page-backends.ts';

const host = inProcess(pageBackends);
const backends = new Map<string, OpenBackend>();
const cases = new Map(allCases.map((c) => [titleOf(c), c]));

/** @throws Error if there is no such entry. */
function entryOf<T>(map: ReadonlyMap<string, T>, key: string): T {
  const entry = map.get(key);
  if (entry === undefined) throw new Error(`the page has no '${key}'`);
  return entry;
}

globalThis.e2ePage = {
  async open(name) {
    const opened = await (await host).open(name);
    if (isUnavailable(opened)) return opened;
    backends.set(name, opened);
    return opened.about;
  },
  async run(name, title) {
    return entryOf(backends, name).run(entryOf(cases, title));
  },
  async dispose(name) {
    const backend = entryOf(backends, name);
    backends.delete(name);
    await backend.dispose();
  },
};
