// Packs every public package and asks publint and "are the types wrong" about the tarball: what npm would get is what is checked.
// It must hold a README and the licence, word for word: npm packs them from the package's own folder alone.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { problemAffectsResolutionKind, problemKindInfo } from '@arethetypeswrong/core/problems';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const npm = (...args) => JSON.parse(execFileSync('npm', [...args, '--json'], { cwd: root, encoding: 'utf8' }));

/** The ways to resolve a package that an ESM-only one promises to serve. */
const served = ['node16-esm', 'bundler'];

/**
 * Dependencies on siblings that changesets would publish as one version alone, so that an install has two of them as soon as one is
 * newer. Ranges with a caret it raises as it should. Peers stay as wide as they are.
 */
const pinned = ({ dependencies = {} }) =>
  Object.entries(dependencies).filter(([name, range]) => name.startsWith('@node-ode/') && !range.startsWith('^'));

const licenceIn = (folder) => readFileSync(join(root, folder, 'LICENSE'), 'utf8');

/** What is wrong with a package, given its tarball and the files in it. */
const complaints = async (tarball, { location, ...manifest }, files) => {
  const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true });
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  const missing = ['LICENSE', 'README.md'].filter((file) => !files.some(({ path }) => path === file));
  return [
    ...missing.map((file) => `${file}: the tarball has none; it belongs into ${location}`),
    ...(missing.includes('LICENSE') || licenceIn(location) === licenceIn('.')
      ? []
      : [`LICENSE: it is not the workspace's; cp LICENSE ${location}`]),
    ...pinned(manifest).map(([name, range]) => `dependencies: ${name} is ${range}; expected ^ and its version`),
    ...(analysis.types ? [] : ['types: the package ships none']),
    ...messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`),
    ...(analysis.types ? analysis.problems : [])
      .filter((problem) => served.some((kind) => problemAffectsResolutionKind(problem, kind, analysis)))
      .map((problem) => `types: ${problemKindInfo[problem.kind].title} ${JSON.stringify(problem)}`),
  ];
};

const packages = npm('query', '.workspace').filter((pkg) => !pkg.private);
const out = mkdtempSync(join(tmpdir(), 'node-ode-pack-'));
try {
  const packed = npm('pack', '--pack-destination', out, ...packages.flatMap((pkg) => ['--workspace', pkg.name]));
  for (const { name, filename, files } of packed) {
    const tarball = new Uint8Array(readFileSync(join(out, filename)));
    const found = await complaints(
      tarball,
      packages.find((pkg) => pkg.name === name),
      files,
    );
    console.log(`${found.length === 0 ? 'ok ' : 'BAD'} ${name} (${files.length} files)`);
    for (const complaint of found) console.log(`    ${complaint}`);
    if (found.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(out, { recursive: true });
}
