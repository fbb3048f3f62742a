// `nx g @node-ode/tools:KIND NAME` makes a package with one plugin that passes its suite, lint and types as it is.
// Plain JavaScript: nx loads it in a fresh clone, where nothing is built.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { formatFiles, generateFiles, joinPathFragments, names, readJson, updateJson, writeJson } from '@nx/devkit';
import { installTask } from './install.mjs';
import { kinds } from './kinds.mjs';

const templates = join(import.meta.dirname, 'templates');

/**
 * @typedef {import('@nx/devkit').Tree} Tree
 * @typedef {{ readonly name: string, readonly description?: string, readonly install?: boolean }} Options
 * @typedef {{ readonly kind: string, readonly folder: string, readonly packageName: string, readonly example: string, readonly description: string, readonly imports: readonly string[], readonly tests: readonly string[], readonly layer: string, readonly fileName: string, readonly factory: string, readonly typeName: string }} Plugin
 */

/** @type {(kind: string) => (tree: Tree, options: Options) => Promise<() => void>} */
const generator = (kind) => async (tree, options) => {
  const plugin = pluginOf(tree, kind, options);
  generateFiles(tree, join(templates, kind), plugin.folder, { ...plugin });
  writeManifest(tree, plugin);
  writeConfigs(tree, plugin);
  joinWorkspace(tree, plugin);
  await formatFiles(tree);
  return () => {
    if (options.install !== false) installTask();
    console.log(nextSteps(plugin));
  };
};

export const solver = generator('solver');
export const controller = generator('controller');
export const gradient = generator('gradient');
export const backend = generator('backend');
export const model = generator('model');
export const dataset = generator('dataset');

/** @type {(tree: Tree, kind: string, options: Options) => Plugin} */
function pluginOf(tree, kind, { name, description }) {
  const { folder: parent, ...rest } = kinds[kind];
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(
      `${kind} '${name}': a name is in lower case with hyphens and begins with a letter, such as cash-karp.`,
    );
  }
  const { fileName, propertyName: factory, className: typeName } = names(name);
  if (isReserved(factory)) throw new Error(`${kind} '${name}': ${factory} is a word of JavaScript; take another name.`);
  if (importsOf(kind).has(factory))
    throw new Error(`${kind} '${name}': the example imports another ${factory}; take another name.`);
  const folder = joinPathFragments(parent, fileName);
  if (tree.exists(folder)) throw new Error(`${kind} '${name}': ${folder} exists; take another name, or remove it.`);
  const packageName = `@node-ode/${kind}-${fileName}`;
  const about = description ?? `A ${kindName(kind)} for @node-ode: ${rest.example}.`;
  return { kind, folder, packageName, description: about, fileName, factory, typeName, ...rest };
}

/** @type {(kind: string) => string} */
const kindName = (kind) =>
  ({ controller: 'step-size controller', gradient: 'gradient method', dataset: 'data set' })[kind] ?? kind;

/** @type {(identifier: string) => boolean} */
function isReserved(identifier) {
  try {
    new Function(`'use strict'; const ${identifier} = 0;`);
    return false;
  } catch {
    return true;
  }
}

/** @type {(kind: string) => ReadonlySet<string>} */
function importsOf(kind) {
  const sources = ['index.ts', 'index.test.ts'].map((file) =>
    readFileSync(join(templates, kind, 'src', `${file}.template`), 'utf8'),
  );
  const imports = sources.flatMap((source) => source.match(/^import [^;]*;/gm) ?? []);
  return new Set(imports.flatMap((statement) => statement.match(/\w+/g) ?? []));
}

/** @type {(tree: Tree, folder: string) => string} */
const nameOf = (tree, folder) => readJson(tree, `${folder}/package.json`).name;

/** @type {(tree: Tree, plugin: Plugin) => void} */
function writeManifest(tree, { folder, packageName, description, kind, factory, layer, imports, tests }) {
  const core = 'packages/core';
  /** @type {(folders: readonly string[], range: string) => Record<string, string>} */
  const ranges = (folders, range) =>
    Object.fromEntries(
      folders
        .map((path) => nameOf(tree, path))
        .sort()
        .map((name) => [name, range]),
    );
  const { repository, license, engines } = readJson(tree, 'package.json');
  writeJson(tree, `${folder}/package.json`, {
    name: packageName,
    version: '0.0.0',
    description,
    license,
    repository: { ...repository, directory: folder },
    type: 'module',
    sideEffects: false,
    exports: {
      '.': { '@node-ode/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
    files: ['dist', '!**/*.tsbuildinfo'],
    engines,
    publishConfig: { access: 'public' },
    peerDependencies: ranges([core, ...imports], '0.x'),
    devDependencies: ranges([core, ...imports, ...tests], '*'),
    'node-ode': { [kind]: factory },
    nx: { tags: [`layer:${layer}`] },
  });
}

/** @type {(tree: Tree, plugin: Plugin) => void} */
function writeConfigs(tree, { folder, imports, tests }) {
  const up = relative(folder, '');
  /** @type {(paths: readonly string[]) => readonly { path: string }[]} */
  const references = (paths) =>
    paths.map((path) => ({ path: joinPathFragments(relative(folder, path), 'tsconfig.lib.json') }));
  const used = ['packages/core', ...imports];
  const lib = { path: './tsconfig.lib.json' };
  writeShortJson(tree, `${folder}/tsconfig.json`, { files: [], references: [lib, { path: './tsconfig.spec.json' }] });
  writeShortJson(tree, `${folder}/tsconfig.lib.json`, {
    extends: `${up}/tsconfig.lib.base.json`,
    references: references(used),
  });
  writeShortJson(tree, `${folder}/tsconfig.spec.json`, {
    extends: `${up}/tsconfig.spec.base.json`,
    references: [lib, ...references([...used, ...tests])],
  });
  // npm packs a licence from the package's own folder alone.
  tree.write(`${folder}/LICENSE`, tree.read('LICENSE') ?? '');
  tree.write(`${folder}/vitest.config.ts`, `export { default } from '${up}/vitest.shared.ts';\n`);
}

/** What lies outside of the package's own folder: workspaces, the root's references, a changeset. */
/** @type {(tree: Tree, plugin: Plugin) => void} */
function joinWorkspace(tree, { folder, packageName, kind, fileName, factory }) {
  const glob = joinPathFragments(folder, '../*');
  updateJson(tree, 'package.json', (root) => {
    const isThere = root.workspaces.includes(glob);
    return isThere ? root : { ...root, workspaces: behindSiblings(root.workspaces, 'packages/', glob) };
  });
  const { references, ...root } = readJson(tree, 'tsconfig.json');
  const paths = references.map((/** @type {{ path: string }} */ { path }) => path);
  const parent = `./${joinPathFragments(folder, '..')}/`;
  const found = paths.some((/** @type {string} */ path) => path.startsWith(parent));
  const all = behindSiblings(paths, found ? parent : './packages/', `./${folder}`);
  writeShortJson(tree, 'tsconfig.json', { ...root, references: all.map((path) => ({ path })) });
  tree.write(
    `.changeset/${kind}-${fileName}.md`,
    `---\n'${packageName}': minor\n---\n\n\`${factory}\`, a new ${kindName(kind)}.\n`,
  );
}

/** @type {(list: readonly string[], prefix: string, added: string) => readonly string[]} */
function behindSiblings(list, prefix, added) {
  const last = list.findLastIndex((entry) => entry.startsWith(prefix));
  return last === -1 ? [...list, added] : list.toSpliced(last + 1, 0, added);
}

/** As people write references: one on a line. Prettier keeps an object on the line that it is on. */
/** @type {(tree: Tree, path: string, value: object) => void} */
function writeShortJson(tree, path, value) {
  tree.write(path, JSON.stringify(value, null, 2).replaceAll(/\{\s*("path": "[^"]*")\s*\}/g, '{ $1 }') + '\n');
}

/** @type {(plugin: Plugin) => string} */
const nextSteps = ({ folder, packageName, example }) => `
${packageName} is in ${folder}. It does something already: ${example}.

  npx vitest run --root ${folder}   its tests, with the suite that every such plugin has to pass
  npx tsc -b ${folder}              its types

Make src/index.ts your own and its README say so, then add a line to the table of packages in README.md.
docs/plugins.md goes through the contract.
`;
