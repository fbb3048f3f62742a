/** Writes docs/accuracy.md: every figure in it is measured here. Run by `npm run accuracy`. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { costSection, gradientSection, millionSection } from './gradient-tables.ts';
import { inTurn } from './in-turn.ts';
import { memorySection, methodsSection } from './method-tables.ts';
import { samplesSection } from './sample-tables.ts';
import { detestSection, orderSection, stiffSection, torchdiffeqSection } from './solver-tables.ts';

const target = fileURLToPath(new URL('../../../docs/accuracy.md', import.meta.url));

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).trim();

/** What the figures were measured on. */
function provenance(): string {
  const changed =
    git('status', '--porcelain', '--', ':/packages', ':/tools') === '' ? '' : ', with changes not committed';
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} threads`;
  const date = new Date().toISOString().slice(0, 10);
  return `Written by \`npm run accuracy\` on ${date}, from commit ${git('rev-parse', '--short', 'HEAD')}${changed}; Node ${process.versions.node}, ${machine}, the reference engine. Never edited by hand.`;
}

const sections = [
  orderSection,
  torchdiffeqSection,
  detestSection,
  samplesSection,
  stiffSection,
  gradientSection,
  costSection,
  methodsSection,
  millionSection,
  memorySection,
];
const texts = await inTurn(sections, async (make) => {
  const start = performance.now();
  const text = await make();
  console.log(`${make.name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return text;
});
const text = `${['# Accuracy', provenance(), ...texts].join('\n\n')}\n`;
writeFileSync(target, await format(text, { ...(await resolveConfig(target)), parser: 'markdown' }));
console.log(`${target}: ${readFileSync(target, 'utf8').split('\n').length} lines`);
