/** Writes a convolution or its input gradient, block by block. */
import { countUp, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { fillElements } from '../kernels/runs.ts';
import { blockFunction } from '../matmul/functions.ts';
import type { Span } from '../matmul/span.ts';
import { advance, vectorBytes } from '../matmul/vector.ts';
import { productOf, type CorrelationPlan, type Phase } from './correlation.ts';
import { bySizeOfBlock, eachGroup, indexed, startOfBlock, type BlockPart } from './emit-blocks.ts';
import { blockPacked, kernelCopied, phaseWoven } from './functions.ts';
import { bySize, eachPart, wholePart, type Part } from './parts.ts';
import { regions } from './regions.ts';
import type { LineWriter, Sink } from './sink.ts';
import type { BlockSize } from './source.ts';

export interface CorrelationOperands {
  readonly source: Local;
  readonly kernel: Local;
  /** A multiple of 16. */
  readonly scratch: Code;
}

/** What of a convolution is computed, if not all. */
export interface Within {
  readonly groups?: Span;
  readonly samples?: Span;
  readonly lines?: Span;
}

export interface CorrelationPlace extends CorrelationOperands {
  readonly within?: Within;
  /** Where copies of all groups' kernels are, if they were made before. */
  readonly kernels?: Local;
}

/** Scratch memory, by what it is for, with the kernel's copy or without. */
export const correlationBytes = ({ bytes }: CorrelationPlan, hasKernels: boolean): CorrelationPlan['bytes'] =>
  hasKernels ? { ...bytes, kernel: 0 } : bytes;

/** Copies the kernels of all groups to where `emitCorrelation` may have them from. */
export function emitKernelCopies(f: FunctionBuilder, plan: CorrelationPlan, kernel: Local, kernels: Local): void {
  if (plan.kernelCopy === undefined) return;
  eachGroup(f, plan.groups, (group) => {
    const target = indexed(f, kernels, group, plan.bytes.kernel);
    kernelCopied(f, plan, indexed(f, kernel, group, kernelBytes(plan)), target);
  });
}

export function emitCorrelation(
  f: FunctionBuilder,
  plan: CorrelationPlan,
  { source, kernel, scratch, within = {}, kernels }: CorrelationPlace,
  sink: Sink,
): void {
  const { groups, blocks, rows, frame } = plan;
  const bytes = correlationBytes(plan, kernels !== undefined);
  const at = regions(f, scratch, bytes);
  if (frame !== undefined) fillElements(f, get(at.frame), 'f32', 0, bytes.frame / 4);
  const kernelOf = (group: Code): Local => {
    if (kernels !== undefined) return indexed(f, kernels, group, plan.bytes.kernel);
    const own = indexed(f, kernel, group, kernelBytes(plan));
    if (plan.kernelCopy === undefined) return own;
    kernelCopied(f, plan, own, at.kernel);
    return at.kernel;
  };
  const emitBlock = (group: Code, left: Local, block: BlockPart): void => {
    eachPart(f, rows, (row) => {
      emitProducts(f, plan, block, row, { ...at, left });
      emitDelivery(f, plan, { ...block, group, row }, plan.phases.length > 1 ? at.woven : at.results, sink);
    });
  };
  const emitGroup = (group: Code): void => {
    const own = indexed(f, source, group, plan.image / groups);
    const left = kernelOf(group);
    const emitLines = (samples: Part, lines: Part): void => {
      const start = startOfBlock(f, plan, { samples, lines }, wholePart(f, plan.channels), own, at.frame);
      eachPart(f, blocks.width, (width) => {
        const block = { samples, lines, width };
        const first = indexed(f, start, get(width.start), plan.source.position);
        bySizeOfBlock(f, block, (size) => {
          for (const phase of plan.phases) packPhase(f, plan, phase, size, first, at.packed);
        });
        emitBlock(group, left, block);
      });
    };
    const emitSamples = (samples: Part): void => {
      const ofLines = (lines: Part): void => {
        emitLines(samples, lines);
      };
      eachPart(f, blocks.lines, ofLines, within.lines);
    };
    eachPart(f, blocks.samples, emitSamples, within.samples);
  };
  eachGroup(f, groups, emitGroup, within.groups);
}

/** Bytes of a group's kernels. */
function kernelBytes({ channels, rows, axes, type }: CorrelationPlan): number {
  const [down, across] = axes.map(({ phases }) => phases.flat().length) as [number, number];
  return channels * rows.extent * down * across * type.bytes;
}

function packPhase(
  f: FunctionBuilder,
  plan: CorrelationPlan,
  phase: Phase,
  size: BlockSize,
  source: Local,
  packedAt: Local,
): void {
  const { type, channels, axes, rows, source: layout } = plan;
  const { down, across, right } = phase;
  if (phase.k === 0) return;
  const { columns } = productOf(plan, phase, rows.size, size).tile;
  const block = { source: layout, channels, down, across, step: axes[0].step, size, width: columns };
  const target = f.keep('i32', op('i32.add', get(packedAt), i32(right)));
  blockPacked(f, type, block, { source, target });
}

function emitProducts(
  f: FunctionBuilder,
  plan: CorrelationPlan,
  block: BlockPart,
  row: Part,
  at: Readonly<Record<'left' | 'packed' | 'results' | 'woven', Local>>,
): void {
  const { phases, type } = plan;
  bySizeOfBlock(f, block, (size) => {
    bySize(f, row, (count) => {
      for (const phase of phases) {
        const product = productOf(plan, phase, count, size);
        const left = op('i32.add', get(at.left), i32(phase.left));
        f.emit(op('i32.add', left, op('i32.mul', get(row.start), i32(phase.row))));
        f.emit(op('i32.add', get(at.packed), i32(phase.right)));
        f.get(at.results).call(blockFunction(f.module, type, product));
        if (phases.length > 1) phaseWoven(f, plan, phase, count, size, { source: at.results, target: at.woven });
      }
    });
  });
}

/** Hands the results of a block on. */
function emitDelivery(
  f: FunctionBuilder,
  plan: CorrelationPlan,
  { group, samples, lines, width, row }: BlockPart & { readonly group: Code; readonly row: Part },
  results: Local,
  sink: Sink,
): void {
  const { axes, rows, blocks, phases, woven } = plan;
  const [down, across] = axes;
  const isWhole = blocks.lines.size === down.positions && blocks.width.size === across.positions;
  const takesImages = phases.length === 1 && isWhole && sink.takesImages;
  const [sample, channel, line] = [f.local('i32'), f.local('i32'), f.local('i32')];
  const [sampleAt, rowAt, lineAt, at] = [f.keep('i32', get(results)), f.local('i32'), f.local('i32'), f.local('i32')];
  const index = { sample: get(sample), channel: op('i32.add', op('i32.mul', group, i32(rows.extent)), get(channel)) };
  /** Results up to a position of each phase. */
  const behind = (position: Code, count: number): Code =>
    count === 1 ? position : op('i32.mul', position, i32(count));

  const eachLine = (): void => {
    f.get(rowAt).set(lineAt);
    const start = behind(get(lines.start), down.phases.length);
    const end = atMost(behind(lines.end, down.phases.length), down.result);
    countUp(f, line, { start, end, step: 1 }, () => {
      const write = sink.line({ ...index, line: get(line) });
      f.get(lineAt).set(at);
      const from = behind(get(width.start), across.phases.length);
      const to = behind(width.end, across.phases.length);
      writeLine(f, plan, { start: from, end: to, extent: across.result }, at, write);
      advance(f, lineAt, woven.line);
    });
  };

  countUp(f, sample, { start: get(samples.start), end: samples.end, step: 1 }, () => {
    f.get(sampleAt).set(rowAt);
    countUp(f, channel, { start: get(row.start), end: row.end, step: 1 }, () => {
      if (takesImages) {
        const write = sink.line(index);
        f.get(rowAt).set(at);
        const extent = down.result * across.result;
        writeLine(f, plan, { start: i32(0), end: i32(extent), extent }, at, write);
      } else {
        eachLine();
      }
      advance(f, rowAt, woven.row);
    });
    advance(f, sampleAt, woven.sample);
  });
}

const atMost = (value: Code, most: number): Code => op('select', value, i32(most), op('i32.lt_u', value, i32(most)));

/** Hands on the elements start … end − 1, or to the end of the line, of a line of `extent` elements. */
function writeLine(
  f: FunctionBuilder,
  { type, blocks: { width } }: CorrelationPlan,
  { start, end, extent }: { readonly start: Code; readonly end: Code; readonly extent: number },
  at: Local,
  write: LineWriter,
): void {
  const [value, column] = [f.local('v128'), f.local('i32')];
  const isCut = width.size < width.extent;
  const rest = extent % type.lanes;
  const whole = extent - rest;
  const load = (): void => {
    f.get(at).memory('v128.load').set(value);
  };
  if (whole > 0) {
    countUp(f, column, { start, end: isCut ? atMost(end, whole) : i32(whole), step: type.lanes }, () => {
      load();
      write(value, get(column), type.lanes);
      advance(f, at, vectorBytes);
    });
  }
  if (rest === 0) return;
  const last = (): void => {
    load();
    write(value, i32(whole), rest);
  };
  if (isCut) f.emit(op('i32.gt_u', end, i32(whole))).if(last);
  else last();
}
