/** The last run of each engine, as `docs/engines.md` keeps it. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FormatError, OptionError } from '@node-ode/core';
import { backends, type About } from './backends.ts';
import { allCases } from './cases/index.ts';
import type { EngineMachine } from './machine.ts';
import { tally, type Report } from './report.ts';
import type { Outcome } from './run-case.ts';

/** The page that is written. */
export const enginesPage = fileURLToPath(new URL('../../docs/engines.md', import.meta.url));

/** The part of the page that is written: what is between these lines, a section for each engine. */
const marks = ['<!-- the last runs: begin -->', '<!-- the last runs: end -->'] as const;

/** Backends that use a GPU, and those that can do without. */
const needsGpu: readonly string[] = ['onnx-cuda', 'tfjs-node-gpu'];
const usesVulkan: readonly string[] = ['onnx-webgpu', 'tfjs-webgpu'];

/** The part of a report that is one backend's. */
interface EngineRun {
  readonly backend: string;
  readonly about: About;
  readonly outcomes: readonly Outcome[];
}

const runsIn = ({ engines, outcomes }: Pick<Report, 'engines' | 'outcomes'>): readonly EngineRun[] =>
  [...new Set(outcomes.map(({ backend }) => backend))].map((backend) => ({
    backend,
    about: engines[backend] ?? {},
    outcomes: outcomes.filter((outcome) => outcome.backend === backend),
  }));

/**
 * Checks that a run of an engine is whole, and on what it says it is.
 *
 * @throws OptionError if cases were left out, or if an engine that needs a GPU had none.
 */
function demandWhole({ backend, outcomes }: EngineRun, { gpus }: EngineMachine): void {
  if (outcomes.length < allCases.length) {
    throw new OptionError('e2e --docs', `${outcomes.length} cases on ${backend}`, {
      expected: `all ${allCases.length}`,
      advice: 'Run without --only.',
    });
  }
  if (needsGpu.includes(backend) && gpus.length === 0) {
    throw new OptionError('e2e --docs', `nvidia-smi tells of no GPU, and ${backend} ran`, {
      expected: 'a run on a GPU',
      advice: `On such a machine: npm run e2e -- --backend ${backend} --require ${backend} --docs.`,
    });
  }
}

/** Whether WebGPU ran in software: its adapter says so, or the driver that the environment names. */
const isInSoftware = ({ backend, about }: EngineRun, { vulkanDrivers = '', isPage }: EngineMachine): boolean =>
  usesVulkan.includes(backend) &&
  (/swiftshader/i.test(about.device ?? '') || (!isPage && /swiftshader/i.test(vulkanDrivers)));

/** The title of a section: where the same engine ran otherwise it has another. */
export const titleOfRun = (run: EngineRun, machine: EngineMachine): string =>
  [
    run.backend,
    ...(machine.isPage ? ['in Chromium'] : []),
    ...(isInSoftware(run, machine) ? ['on SwiftShader'] : []),
  ].join(' ');

/** A run in Markdown, below the title of its section. */
function describeRun(run: EngineRun, machine: EngineMachine): string {
  const { outcomes, about, backend } = run;
  const { date, gpus, cpu, system, node, onnxRuntime, commit } = machine;
  const cards = gpus.map(({ name, driver, memory }) => `${name} (${memory}, driver ${driver})`).join(', ');
  const runtime = about.runtime ?? (backend.startsWith('onnx') ? `ONNX Runtime ${onnxRuntime ?? ''}` : 'none');
  const onCard = needsGpu.includes(backend) || (usesVulkan.includes(backend) && !isInSoftware(run, machine));
  return [
    `- Library: ${runtime.trim()}`,
    ...(about.device === undefined ? [] : [`- Device: ${about.device}`]),
    ...(onCard && cards !== '' ? [`- GPU: ${cards}`] : []),
    `- Machine: ${cpu}, ${system}, Node ${node}`,
    `- Commit: ${commit ?? 'unknown'}`,
    `- Date: ${date.slice(0, 10)}`,
    '',
    tally(run),
    ...excluded(outcomes),
    '',
    '| case | difference | error | first ms | run ms | result |',
    '| --- | --: | --: | --: | --: | --- |',
    ...outcomes.filter(({ result }) => result !== 'excluded').map(row),
  ].join('\n');
}

/** What was excluded, by its reason. */
function excluded(outcomes: readonly Outcome[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { result, reason = '' } of outcomes) {
    if (result === 'excluded') counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `Excluded ${count}: ${cell(reason)}.`);
}

const cell = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replace(/\.$/, '');

function row({ title, difference, error, firstMs, runMs, result, reason }: Outcome): string {
  const small = (x: number | null | undefined): string => x?.toExponential(1) ?? '';
  const milliseconds = (x: number | null | undefined): string => x?.toFixed(1) ?? '';
  const said = reason === undefined ? result : `${result}: ${cell(reason)}`;
  return `| ${[title, small(difference), small(error), milliseconds(firstMs), milliseconds(runMs), said].join(' | ')} |`;
}

/** The sections between the marks, by title. @throws FormatError if the marks are not there. */
export function sectionsOf(text: string): ReadonlyMap<string, string> {
  const [begin, end] = placeIn(text);
  const parts = text.slice(begin, end).split(/^### /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [title = '', ...lines] = part.split('\n');
      return [title.replaceAll('`', '').trim(), lines.join('\n').trim()];
    }),
  );
}

function placeIn(text: string): readonly [begin: number, end: number] {
  const [begin, end] = marks.map((mark) => text.indexOf(mark)) as [number, number];
  if (begin < 0 || end < begin) {
    throw new FormatError('e2e --docs', 'the page has no place for the runs', { expected: marks.join(' … ') });
  }
  return [begin + marks[0].length, end];
}

/** A page with these sections in the place of those of the same titles, in the order of the backends; others stay. */
export function withSections(text: string, sections: ReadonlyMap<string, string>): string {
  const [begin, end] = placeIn(text);
  const names = Object.keys(backends);
  const rank = (title: string): string => {
    const [name = ''] = title.split(' ', 1);
    return `${String(names.indexOf(name)).padStart(3, '0')} ${title}`;
  };
  const all = [...new Map([...sectionsOf(text), ...sections])].sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
  const body = all.map(([title, section]) => `### ${title}\n\n${section}`).join('\n\n');
  return `${text.slice(0, begin)}\n\n${body}\n\n${text.slice(end)}`;
}

/** Writes the run of each engine into its section of `docs/engines.md`; tells the file. */
export async function writeDocs(report: Report, machine: EngineMachine, file = enginesPage): Promise<string> {
  const runs = runsIn(report);
  if (runs.length === 0) throw new OptionError('e2e --docs', 'no engine ran', { expected: 'outcomes' });
  for (const run of runs) demandWhole(run, machine);
  const sections = new Map(runs.map((run) => [titleOfRun(run, machine), describeRun(run, machine)]));
  const { format, resolveConfig } = await import('prettier');
  const text = withSections(await readFile(file, 'utf8'), sections);
  await writeFile(file, await format(text, { ...(await resolveConfig(enginesPage)), parser: 'markdown' }));
  return file;
}
