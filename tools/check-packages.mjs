// Packs every public package and asks publint and "are the types wrong" about the tarball: what npm would get is what is checked.
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

/** What is wrong with a package, given its tarball. */
const complaints = async (tarball) => {
  const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true });
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  return [
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
    const found = await complaints(tarball);
    console.log(`${found.length === 0 ? 'ok ' : 'BAD'} ${name} (${files.length} files)`);
    for (const complaint of found) console.log(`    ${complaint}`);
    if (found.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(out, { recursive: true });
}
