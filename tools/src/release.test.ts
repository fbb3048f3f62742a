// The release command on a small workspace of its own: what it would publish, what it publishes, and when it refuses.
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../release.mjs', import.meta.url));
let folder = '';
let made = '';
const [at, published] = [(...path: string[]) => join(folder, 'workspace', ...path), () => join(folder, 'published')];

/** An npm that publishes into a folder, where nothing is published yet. */
const npm = (real: string): string => `#!/bin/sh
case "$1" in
  info | view) echo '{"error":{"code":"E404"}}'; exit 1 ;;
  publish) "${real}" pack "$2" --silent --pack-destination "$PUBLISHED" >/dev/null && echo '{}' ;;
  *) exec "${real}" "$@" ;;
esac
`;

function execute(
  command: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const path = [join(folder, 'bin'), process.env['PATH'] ?? ''].join(delimiter);
  const env = {
    ...process.env,
    PATH: path,
    PUBLISHED: published(),
    CI: '1',
    NODE_OPTIONS: '',
    VITEST: '',
    NO_COLOR: '1',
  };
  return new Promise((resolve) => {
    execFile(command, [...args], { cwd: at(), env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

const release = (...args: readonly string[]) => execute(process.execPath, [script, ...args]);
const git = async (...args: readonly string[]): Promise<string> => (await execute('git', args)).output.trim();

const write = async (path: string, content: object | string): Promise<void> => {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
};

const template = async (): Promise<void> => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-release-test-'));
  await Promise.all(['bin', 'published', 'workspace'].map((name) => mkdir(join(folder, name))));
  const { output: real } = await execute('which', ['npm']);
  await writeFile(join(folder, 'bin/npm'), npm(real.trim()));
  await chmod(join(folder, 'bin/npm'), 0o755);
  const plain = { license: 'MIT', repository: 'example/example' };
  await write('package.json', {
    name: 'workspace',
    private: true,
    workspaces: ['packages/*'],
    scripts: { build: 'node build.mjs', 'check:packages': 'node -e ""' },
  });
  await write('build.mjs', "import { writeFileSync } from 'node:fs';\nwriteFileSync('packages/core/built.js', '');\n");
  await write('packages/core/package.json', { name: '@example/core', version: '0.1.0', files: ['built.js'], ...plain });
  await write('packages/plugin/package.json', {
    name: '@example/plugin',
    version: '0.1.0',
    peerDependencies: { '@example/core': '0.x' },
    ...plain,
  });
  await write('packages/app/package.json', { name: '@example/app', version: '0.0.0', private: true });
  await write(
    '.changeset/config.json',
    await readFile(new URL('../../.changeset/config.json', import.meta.url), 'utf8'),
  );
  await write('.changeset/faster.md', "---\n'@example/core': minor\n---\n\nFaster.\n");
  await write('.gitignore', 'node_modules\nbuilt.js\n');
  await execute('npm', ['install', '--offline', '--no-audit', '--no-fund']);
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('config', 'user.name', 'A');
  await git('config', 'user.email', 'a@example.com');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'all');
};

beforeAll(async () => {
  await template();
  [made, folder] = [folder, ''];
}, 60_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-release-test-'));
  await cp(made, folder, { recursive: true, verbatimSymlinks: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));
afterAll(() => rm(made, { recursive: true, force: true }));

describe('npm run release', () => {
  it('with --dry-run lists what it would publish, and changes nothing', async () => {
    const { code, output } = await release('--dry-run');
    expect(code, output).toBe(0);
    expect(output).toMatch(/@example\/core 0\.1\.0 → 0\.2\.0 \(example-core-0\.2\.0\.tgz, \d\.\d kB\)/);
    // A peer in the range 0.x does not raise a plugin.
    expect(output).toContain('@example/plugin 0.1.0 → 0.1.0');
    expect(output).not.toContain('@example/app');
    expect(await git('status', '--porcelain')).toBe('');
    expect(await git('log', '--oneline')).not.toContain('Release');
    expect(await readdir(published())).toEqual([]);
  }, 120_000);

  it('versions, builds, commits, publishes and tags', async () => {
    const { code, output } = await release();
    expect(code, output).toBe(0);
    expect((await readdir(published())).sort()).toEqual(['example-core-0.2.0.tgz', 'example-plugin-0.1.0.tgz']);
    expect(await readFile(at('packages/core/CHANGELOG.md'), 'utf8')).toContain('Faster.');
    expect(await git('status', '--porcelain')).toBe('');
    expect(await git('log', '-1', '--format=%s')).toBe('Release');
    expect((await git('tag')).split('\n')).toContain('@example/core@0.2.0');
  }, 120_000);

  it('refuses a tree with changes, another branch, no changesets, and options that it does not know', async () => {
    await writeFile(at('new.txt'), 'x');
    expect(await release()).toEqual({
      code: 1,
      output: expect.stringMatching(/^The working tree has changes/) as string,
    });
    await rm(at('new.txt'));
    await git('switch', '--quiet', '--create', 'other');
    expect((await release()).output).toMatch(/^The branch is other: releases are made on main/);
    await git('switch', '--quiet', 'main');
    await git('rm', '--quiet', '.changeset/faster.md');
    await git('commit', '--quiet', '--message', 'none');
    expect((await release('--dry-run')).output).toMatch(/^There are no changesets/);
    expect((await release('--dryrun')).output).toMatch(/^Unknown option '--dryrun'/);
  }, 60_000);

  it('publishes nothing that does not pass its checks', async () => {
    const root = JSON.parse(await readFile(at('package.json'), 'utf8')) as { readonly scripts: Record<string, string> };
    await write('package.json', {
      ...root,
      scripts: { ...root.scripts, 'check:packages': 'node -e "process.exit(3)"' },
    });
    await git('commit', '--quiet', '--all', '--message', 'bad');
    const { code, output } = await release();
    expect(code).toBe(1);
    expect(output).toContain('Not released: Command failed: npm run check:packages');
    expect(await readdir(published())).toEqual([]);
  }, 120_000);
});
