import type { Graph } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { graphOf, type } from '../../test/hand-made.ts';
import type { LoadedModule } from './loaded-module.ts';
import { ModuleCache } from './module-cache.ts';

/** Equal whenever the numbers are; never the same object. */
const numbered = (n: number): Graph => graphOf('g', [], [type('f32')], n);

const numberOf = (graph: Graph): unknown => (graph.nodes[0]!.params as { readonly value: number }).value;

/** A cache of objects that only have an identity, with a log of what was loaded and unloaded. */
function cache(unusedLimit: number): {
  readonly modules: ModuleCache;
  readonly log: string[];
  readonly fail: { next: boolean };
} {
  const log: string[] = [];
  const names = new Map<LoadedModule, unknown>();
  const fail = { next: false };
  const modules = new ModuleCache(
    async (graph) => {
      log.push(`+${String(numberOf(graph))}`);
      await Promise.resolve();
      if (fail.next) {
        fail.next = false;
        throw new Error('no luck');
      }
      const module = {} as LoadedModule;
      names.set(module, numberOf(graph));
      return module;
    },
    (module) => log.push(`-${String(names.get(module))}`),
    unusedLimit,
  );
  return { modules, log, fail };
}

describe('the module cache', () => {
  it('loads equal graphs once, be they compiled at the same time', async () => {
    const { modules, log } = cache(1);
    const [a, b] = await Promise.all([modules.acquire(numbered(1)), modules.acquire(numbered(1))]);
    const c = await modules.acquire(numbered(1));
    expect([a.module === b.module, a.module === c.module, log]).toEqual([true, true, ['+1']]);
    expect((await modules.acquire(numbered(2))).module).not.toBe(a.module);
  });

  it('keeps what is used, and the last ones that were', async () => {
    const { modules, log } = cache(2);
    const leases = await Promise.all([0, 1, 2, 3, 4].map((n) => modules.acquire(numbered(n))));
    for (const n of [1, 2, 3]) leases[n]!.release();
    expect(log).toEqual(['+0', '+1', '+2', '+3', '+4', '-1']);
    const again = await modules.acquire(numbered(2));
    leases[4]!.release();
    expect(log.slice(6)).toEqual([]);
    again.release();
    expect(log.slice(6)).toEqual(['-3']);
    leases[0]!.release();
    expect(log.slice(7)).toEqual(['-4']);
  });

  it('counts shares: the last one decides, and none counts twice', async () => {
    const { modules, log } = cache(0);
    const a = await modules.acquire(numbered(1));
    const b = await modules.acquire(numbered(1));
    a.release();
    a.release();
    expect(log).toEqual(['+1']);
    b.release();
    expect(log).toEqual(['+1', '-1']);
    b.release();
    await modules.acquire(numbered(1));
    expect(log).toEqual(['+1', '-1', '+1']);
  });

  it('does not keep a failure, and tells everyone who waited', async () => {
    const { modules, log, fail } = cache(2);
    fail.next = true;
    const both = await Promise.allSettled([modules.acquire(numbered(1)), modules.acquire(numbered(1))]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(modules.acquire(numbered(1))).resolves.toBeDefined();
    expect(log).toEqual(['+1', '+1']);
  });

  it('unloads at once what nobody uses when it is asked to', async () => {
    const { modules, log } = cache(16);
    const used = await modules.acquire(numbered(0));
    for (const n of [1, 2]) (await modules.acquire(numbered(n))).release();
    const loading = modules.acquire(numbered(3));
    modules.trim();
    expect(log).toEqual(['+0', '+1', '+2', '+3', '-1', '-2']);
    expect((await loading).module).toBeDefined();
    expect((await modules.acquire(numbered(0))).module).toBe(used.module);
  });

  it('lets go of everything when it is cleared', async () => {
    const { modules, log } = cache(16);
    const used = await modules.acquire(numbered(0));
    modules.clear();
    expect(used.module).toBeUndefined();
    used.release();
    await modules.acquire(numbered(0));
    used.release();
    modules.trim();
    expect(log).toEqual(['+0', '+0']);
  });
});
