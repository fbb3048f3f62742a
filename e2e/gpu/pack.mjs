// `node e2e/gpu/pack.mjs [FOLDER]` packs what a Linux x64 machine with a GPU needs to run the end-to-end suite and the benchmarks
// when it has neither Node nor a network: Node itself, ONNX Runtime, a build of this workspace, a Vulkan loader. README.md says how.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const target = resolve(process.argv[2] ?? join(root, '.gpu'));

/** Programs of the workspace that run there, and the engines that they import lazily. */
const programs = ['@node-ode/e2e', '@node-ode/tools', 'onnxruntime-node', '@tensorflow/tfjs-backend-webgpu', 'webgpu'];

/** Left out: peers of the benchmarks in JavaScript, what only installing needs, and what only the documentation and tests do. */
const unneeded = [
  'typedoc',
  'vite',
  'fast-check',
  '@jax-js/jax',
  '@tensorflow/tfjs-backend-wasm',
  '@webgpu/types',
  'adm-zip',
  'global-agent',
];

/** The Vulkan loader, and what NVIDIA's Vulkan driver is linked with. */
const debs = ['libvulkan1', 'libegl1', 'libglvnd0', 'libopengl0', 'libgl1', 'libglx0', 'libgles2'];

const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], ...options });

/** The folder of an installed package, looked up as Node does from the folder of who imports it. */
function folderOf(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (folder === root) throw new Error(`${name} is not installed: run npm ci`);
  }
}

/** Every package that the programs need: the folders through which they are found, siblings' links included. */
function packagesOf(names) {
  const found = new Map();
  const visit = (name, from) => {
    if (unneeded.includes(name)) return;
    const folder = folderOf(name, from);
    if (found.has(folder)) return;
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    found.set(folder, manifest);
    // A sibling's peer is core, and optional ones are named above.
    const peers = Object.keys(manifest.peerDependencies ?? {}).filter((peer) => peer.startsWith('@node-ode/'));
    for (const needed of [...Object.keys(manifest.dependencies ?? {}), ...peers]) visit(needed, folder);
  };
  for (const name of names) visit(name, root);
  return found;
}

/** Paths of the workspace to pack. */
function paths() {
  return [...packagesOf(programs)].flatMap(([folder, { name, main }]) => {
    const link = relative(root, folder);
    if (name === 'webgpu') return ['package.json', 'index.js', 'dist/linux-x64'].map((file) => join(link, file));
    // A package of tfjs is many things; Node loads one file.
    if (name.startsWith('@tensorflow/')) return [join(link, 'package.json'), join(link, main)];
    if (!name.startsWith('@node-ode/')) return [link];
    const real = relative(root, run('realpath', [folder], { encoding: 'utf8' }).trim());
    return [link, join(real, 'package.json'), join(real, 'dist')];
  });
}

const exclude = ['*.map', '*.d.ts', '*.d.mts', '*.d.cts', '*.tsbuildinfo', '*/onnxruntime-node/bin'].map(
  (pattern) => `--exclude=${pattern}`,
);

/** xz with every core; the archive is a few files of many small ones, or one large one. */
const compressed = (file, ...args) =>
  run('tar', ['-cf', join(target, file), '-I', 'xz -6 -T0', '--owner=0', '--group=0', ...args]);

console.error('Building …');
run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'e2e/tsconfig.lib.json', 'tools/tsconfig.lib.json'], {
  stdio: 'inherit',
});
rmSync(target, { recursive: true, force: true });
mkdirSync(join(target, 'debs'), { recursive: true });

console.error('Packing Node and ONNX Runtime …');
compressed('node.tar.xz', '-C', dirname(process.execPath), 'node');
compressed('onnxruntime.tar.xz', 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64');
console.error('Packing the workspace …');
const commit = run('git', ['describe', '--always', '--dirty=+', '--exclude=*'], { encoding: 'utf8' }).trim();
writeFileSync(join(target, 'commit'), commit);
compressed('workspace.tar.xz', ...exclude, 'package.json', 'tools/bench', ...paths());

console.error('Downloading the Vulkan loader …');
const lists = mkdtempSync(join(target, 'lists-'));
const apt = (...args) =>
  run(
    'apt-get',
    ['-qq', '-oAPT::Architecture=amd64', `-oDir::State::Lists=${lists}`, '-oAPT::Sandbox::User=', ...args],
    {
      cwd: join(target, 'debs'),
      stdio: 'inherit',
    },
  );
mkdirSync(join(lists, 'partial'));
apt('update');
apt('download', ...debs);
rmSync(lists, { recursive: true });
for (const file of ['run.sh', 'run-gpu', 'README.md']) copyFileSync(join(root, 'e2e/gpu', file), join(target, file));

const size = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, path, name }) => sum + statSync(join(parentPath ?? path, name)).size, 0);
console.log(`${target}: ${(size(target) / 2 ** 20).toFixed(1)} MiB`);

// One file to copy: what is in it is compressed already.
const archive = `${target}.tar`;
run('tar', ['-cf', archive, '--owner=0', '--group=0', '--transform', 's,^\\.,node-ode-gpu,', '-C', target, '.']);
const bytes = statSync(archive).size;
console.log(`${archive}: ${(bytes / 1e6).toFixed(1)} MB`);
if (bytes > 60e6) throw new Error(`the archive has ${bytes} bytes; expected 60 MB at most`);
