/** `node-ode plugins`: what is installed, by kind. */
import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import type { CommonOptions, Io } from '../io.ts';
import { dashed, didYouMean } from '../names.ts';
import { outputOf } from '../output/output.ts';
import { textTable } from '../output/table.ts';
import { installedPlugins } from '../plugins/installed.ts';
import { kinds, pluginKinds } from '../plugins/kinds.ts';
import { makePlugin } from '../plugins/make.ts';

const help = `
Plugins are exports that a package names in its package.json, such as
  "node-ode": { "solver": "ralston" }
They are looked for where you are, then where node-ode is installed. Each name in the
table can be given to --solver, --backend and so on, as can the name of a package or a path.

Examples:
  node-ode plugins
  node-ode plugins solver --json
  node-ode plugins --check ./my-solver.js --kind solver`;

/** The flags of `plugins`. */
interface PluginsFlags extends CommonOptions {
  readonly check?: string;
  readonly kind?: string;
}

/** Adds `plugins`. */
export function registerPlugins(program: Command, io: Io): void {
  program
    .command('plugins')
    .description('lists the plugins that are installed')
    .argument('[kind]', `only these: ${pluginKinds.join(', ')}`)
    .option('--check <name>', 'finds and makes one plugin, and says what it is')
    .option('--kind <kind>', 'what --check expects it to be')
    .addHelpText('after', help)
    .action((kind: string | undefined, flags: PluginsFlags) =>
      flags.check === undefined ? list(kind, flags, io) : check(flags.check, flags.kind ?? kind, flags, io),
    );
}

type KindName = (typeof pluginKinds)[number];

function kindNamed(name: string): KindName {
  const found = pluginKinds.find((kind) => kind === name);
  if (found !== undefined) return found;
  const advice = didYouMean(name, pluginKinds);
  throw new UsageError('plugins', `there is no kind “${name}”`, {
    expected: `one of ${pluginKinds.join(', ')}`,
    ...(advice === undefined ? {} : { advice }),
  });
}

async function list(given: string | undefined, flags: PluginsFlags, io: Io): Promise<void> {
  const only = given === undefined ? undefined : kindNamed(given);
  const found = (await installedPlugins(io))
    .filter(({ kind }) => only === undefined || kind === only)
    .sort((a, b) => pluginKinds.indexOf(a.kind) - pluginKinds.indexOf(b.kind))
    .map(({ kind, exported, from }) => ({
      kind,
      name: dashed(exported),
      exported,
      package: from.name,
      version: from.version,
      folder: from.folder,
    }));
  const table = textTable(
    ['kind', 'name', 'package', 'version'],
    found.map((one) => [one.kind, one.name, one.package, one.version]),
  );
  await outputOf(io, flags).result(found, found.length === 0 ? 'No plugins are installed.' : table);
}

async function check(name: string, given: string | undefined, flags: PluginsFlags, io: Io): Promise<void> {
  if (given === undefined) {
    throw new UsageError('plugins', '--check without the kind of the plugin', {
      expected: `--kind with one of ${pluginKinds.join(', ')}`,
    });
  }
  const kind = kindNamed(given);
  const { value, found } = await makePlugin(kind, name, io, { path: '--check' });
  const facts = factsOf(value);
  if (kind === 'backend') await disposed(value);
  const text = [
    `${name} is ${kinds[kind].what}: ${found.exported} of ${found.source}${found.version === undefined ? '' : ` ${found.version}`}.`,
    ...Object.entries(facts).map(([key, fact]) => `  ${key}: ${String(fact)}`),
    `What it computes is the business of @node-ode/testkit: see docs/plugins.md.`,
  ].join('\n');
  await outputOf(io, flags).result(
    { kind, exported: found.exported, source: found.source, version: found.version ?? null, facts },
    text,
  );
}

/** What a plugin says of itself in plain values. */
function factsOf(value: unknown): Readonly<Record<string, string | number | boolean>> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter(([, fact]) => ['string', 'number', 'boolean'].includes(typeof fact)));
}

async function disposed(value: unknown): Promise<void> {
  if (typeof value !== 'object' || value === null || !('dispose' in value)) return;
  if (typeof value.dispose === 'function') await value.dispose();
}
