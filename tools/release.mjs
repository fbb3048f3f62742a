// `npm run release` versions what changesets say, builds, packs, checks and publishes. `npm run release -- --dry-run` does all of it but
// the publishing, in a clone that is thrown away: nothing here is changed, and nobody is told.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `npm run release [-- --dry-run]

In a clean working tree on the branch main: raises versions and writes changelogs as the changesets say, brings the lock file up to
date, builds every package, checks the tarballs, commits, publishes what is not published yet, and tags it. Push afterwards:
git push --follow-tags.

  --dry-run   does the same in a clone of the last commit, packs in the place of publishing, and lists what would be published
`;

const changesets = fileURLToPath(import.meta.resolve('@changesets/cli/bin.js'));

/** Ends with one line for a mistake that a person made. */
class ReleaseError extends Error {}

const run = (folder, command, ...args) =>
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
const read = (folder, command, ...args) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Public packages of the workspace. */
const packagesOf = (root) =>
  JSON.parse(read(root, 'npm', 'query', '.workspace'))
    .filter((pkg) => !pkg.private)
    .map(({ name, location }) => ({ name, location, version: manifest(join(root, location)).version }));

const changesetsOf = (root) =>
  readdirSync(join(root, '.changeset')).filter((file) => file.endsWith('.md') && file !== 'README.md');

/** Versions, builds and checks; the packages with their versions before. */
function prepare(root) {
  const before = new Map(packagesOf(root).map(({ name, version }) => [name, version]));
  run(root, process.execPath, changesets, 'version');
  run(root, 'npm', 'install', '--package-lock-only', '--ignore-scripts', '--prefer-offline');
  run(root, 'npm', 'run', 'build');
  run(root, 'npm', 'run', 'check:packages');
  return packagesOf(root).map((pkg) => ({ ...pkg, before: before.get(pkg.name) ?? 'new' }));
}

function commit(root) {
  run(root, 'git', 'add', '--all');
  run(root, 'git', 'commit', '--quiet', '--message', 'Release');
}

function demandReleasable(root) {
  if (read(root, 'git', 'status', '--porcelain').trim() !== '')
    throw new ReleaseError('The working tree has changes: commit or stash them, a release is made of commits.');
  const branch = read(root, 'git', 'branch', '--show-current').trim();
  if (branch !== 'main') throw new ReleaseError(`The branch is ${branch || 'none'}: releases are made on main.`);
  demandChangesets(root);
}

function demandChangesets(root) {
  if (changesetsOf(root).length === 0)
    throw new ReleaseError(
      'There are no changesets: nothing has changed that users would notice. `npx changeset` writes one.',
    );
}

function release(root) {
  demandReleasable(root);
  prepare(root);
  commit(root);
  run(root, process.execPath, changesets, 'publish');
  console.log('Published. Now: git push --follow-tags');
}

function dryRun(root) {
  demandChangesets(root);
  const folder = mkdtempSync(join(tmpdir(), 'node-ode-release-'));
  const [clone, tarballs] = [join(folder, 'clone'), join(folder, 'tarballs')];
  try {
    run(root, 'git', 'clone', '--quiet', '--no-hardlinks', root, clone);
    if (existsSync(join(clone, 'package-lock.json')))
      run(clone, 'npm', 'ci', '--prefer-offline', '--no-audit', '--no-fund');
    const packages = prepare(clone);
    for (const key of ['user.name', 'user.email']) run(clone, 'git', 'config', key, 'dry run');
    commit(clone);
    mkdirSync(tarballs);
    const packed = JSON.parse(
      read(
        clone,
        'npm',
        'pack',
        '--json',
        '--silent',
        '--pack-destination',
        tarballs,
        ...packages.flatMap(({ name }) => ['--workspace', name]),
      ),
    );
    console.log('\nWould publish:');
    for (const { name, before, version } of packages) {
      const { filename } = packed.find((one) => one.name === name);
      const size = statSync(join(tarballs, filename)).size;
      console.log(`  ${name} ${before} → ${version} (${filename}, ${(size / 1000).toFixed(1)} kB)`);
    }
    console.log(`\nA dry run: nothing was published, and nothing was changed in ${root}.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) console.log(help);
  else (values['dry-run'] ? dryRun : release)(process.cwd());
} catch (error) {
  // A command that failed has said why.
  console.error(
    error instanceof ReleaseError || error.code?.startsWith('ERR_PARSE_ARGS')
      ? error.message
      : `Not released: ${error.message}`,
  );
  process.exitCode = 1;
}
