/** Paths in a configuration: its data, and plugins that are files. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { isRecord } from '../plugins/package-info.ts';

/** Entries, before or after they are checked. */
type Entries = Readonly<Record<string, unknown>>;

const pluginEntries = new Set(['model', 'solver', 'gradient', 'controller', 'backend', 'optimizer', 'schedule']);

/** Paths as they are seen from everywhere, where they are relative to a folder. */
export const withAbsolutePaths = (config: Entries, folder: string): Entries =>
  withPaths(config, (path) => resolve(folder, path));

/** Paths as they are seen from a folder, so that they hold where it is moved with what is around it. */
export const withRelativePaths = (config: Entries, folder: string): Entries =>
  withPaths(config, (path) => {
    const from = relative(folder, path);
    if (isAbsolute(from)) return from; // on another drive
    return `${from.startsWith('..') ? '' : './'}${from.replaceAll(sep, '/')}`;
  });

function withPaths(config: Entries, change: (path: string) => string): Entries {
  const plugin = (spec: unknown): unknown => {
    if (typeof spec === 'string') return spec.startsWith('.') || isAbsolute(spec) ? change(spec) : spec;
    return isRecord(spec) && typeof spec['name'] === 'string' ? { ...spec, name: plugin(spec['name']) } : spec;
  };
  const data = (entry: unknown): unknown => {
    if (!isRecord(entry)) return entry;
    const { file, set } = entry;
    return {
      ...entry,
      ...(typeof file === 'string' ? { file: change(file) } : {}),
      ...(set === undefined ? {} : { set: plugin(set) }),
    };
  };
  return Object.fromEntries(
    Object.entries(config).map(([key, entry]) => {
      if (key === 'data') return [key, data(entry)];
      return [key, pluginEntries.has(key) ? plugin(entry) : entry];
    }),
  );
}
