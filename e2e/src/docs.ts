/** The last run on a GPU, as `docs/engines.md` keeps it. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FormatError, OptionError } from '@node-ode/core';
import type { Machine } from './machine.ts';
import { tally, type Report } from './report.ts';
import type { Outcome } from './run-case.ts';

const page = fileURLToPath(new URL('../../docs/engines.md', import.meta.url));

/** The part of the page that is written: what is between these lines. */
const marks = ['<!-- the last run on a GPU: begin -->', '<!-- the last run on a GPU: end -->'] as const;

/** Backends that use a GPU. */
const onGpu: readonly string[] = ['onnx-cuda', 'onnx-webgpu'];

/**
 * Checks that a report is one of a run on a GPU.
 *
 * @throws OptionError if there was none, or no backend that uses one.
 */
export function demandGpu({ outcomes }: Pick<Report, 'outcomes'>, { gpus, vulkanDrivers }: Machine): void {
  const complain = (what: string, expected: string): OptionError =>
    new OptionError('e2e --docs', what, {
      expected,
      advice:
        'On such a machine: npm run e2e -- --backend onnx-cuda,onnx-webgpu --require onnx-cuda,onnx-webgpu --docs.',
    });
  if (gpus.length === 0) throw complain('nvidia-smi tells of no GPU', 'a run on a GPU');
  if (vulkanDrivers?.includes('swiftshader') === true) {
    throw complain('WebGPU ran on SwiftShader, in software', 'a run on a GPU');
  }
  if (!outcomes.some(({ backend }) => onGpu.includes(backend))) {
    throw complain('no case ran on a GPU', `outcomes of ${onGpu.join(' or ')}`);
  }
}

/** The run in Markdown. */
export function describeRun(report: Report, machine: Machine): string {
  const { outcomes, unavailable } = report;
  const { date, gpus, cpu, system, node, onnxRuntime } = machine;
  const cards = gpus.map(({ name, driver, memory }) => `${name} (${memory}, driver ${driver})`).join(', ');
  return [
    `${date.slice(0, 10)}, ${cards}, ${cpu}, ${system}, Node ${node}, onnxruntime-node ${onnxRuntime ?? 'none'}.`,
    '',
    tally(report),
    '',
    '| case | backend | difference | error | first ms | run ms | result |',
    '| --- | --- | --: | --: | --: | --: | --- |',
    ...outcomes.map(row),
    '',
    ...unavailable.map(({ name, reason }) => `- ${name} was not available: ${reason}`),
  ].join('\n');
}

function row({ title, backend, difference, error, firstMs, runMs, result, reason }: Outcome): string {
  const small = (x: number | null | undefined): string => x?.toExponential(1) ?? '';
  const milliseconds = (x: number | null | undefined): string => x?.toFixed(1) ?? '';
  const said = reason === undefined ? result : `${result}: ${reason.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')}`;
  return `| ${[title, backend, small(difference), small(error), milliseconds(firstMs), milliseconds(runMs), said].join(' | ')} |`;
}

/** A page with another text between its marks. @throws FormatError if the marks are not there. */
export function withRun(text: string, run: string): string {
  const [begin, end] = marks.map((mark) => text.indexOf(mark)) as [number, number];
  if (begin < 0 || end < begin) {
    throw new FormatError('e2e --docs', 'the page has no place for the run', { expected: marks.join(' … ') });
  }
  return `${text.slice(0, begin + marks[0].length)}\n\n${run}\n\n${text.slice(end)}`;
}

/** Writes the run into `docs/engines.md`; tells the file. */
export async function writeDocs(report: Report, machine: Machine, file = page): Promise<string> {
  demandGpu(report, machine);
  const { format, resolveConfig } = await import('prettier');
  const text = withRun(await readFile(file, 'utf8'), describeRun(report, machine));
  await writeFile(file, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }));
  return file;
}
