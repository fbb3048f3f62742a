/** Writes a convolution or its input gradient, block by block. */
import { countTo, countUp, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { blockFunction } from '../matmul/functions.ts';
import { advance, vectorBytes } from '../matmul/vector.ts';
import { productOf, type CorrelationPlan, type Phase } from './correlation.ts';
import { fillElements } from '../kernels/runs.ts';
import { blockPacked, frameFilled, kernelCopied, phaseWoven } from './functions.ts';
import { bySize, eachPart, type Part } from './parts.ts';
import type { LineWriter, Sink } from './sink.ts';
import type { BlockSize } from './source.ts';

export interface CorrelationOperands {
  readonly source: Local;
  readonly kernel: Local;
  /** A multiple of 16. */
  readonly scratch: Code;
}

/** Parts of the result that are worked on. */
interface Block {
  readonly group: Code;
  readonly samples: Part;
  readonly lines: Part;
  readonly width: Part;
}

export function emitCorrelation(
  f: FunctionBuilder,
  plan: CorrelationPlan,
  { source, kernel, scratch }: CorrelationOperands,
  sink: Sink,
): void {
  const { groups, blocks, rows, frame, bytes } = plan;
  let used = 0;
  const region = (size: number): Local => {
    const local = f.keep('i32', op('i32.add', scratch, i32(used)));
    used += size;
    return local;
  };
  const at = {
    kernel: region(bytes.kernel),
    frame: region(bytes.frame),
    packed: region(bytes.packed),
    results: region(bytes.results),
    woven: region(bytes.woven),
  };
  if (frame !== undefined) fillElements(f, get(at.frame), 'f32', 0, bytes.frame / 4);
  const perGroup = groupBytes(plan);
  eachGroup(f, groups, (group) => {
    const own = (base: Local, stride: number): Local =>
      groups === 1 ? base : f.keep('i32', op('i32.add', get(base), op('i32.mul', group, i32(stride))));
    const [ownSource, ownKernel] = [own(source, perGroup.source), own(kernel, perGroup.kernel)];
    if (plan.copiesKernel) kernelCopied(f, plan, ownKernel, at.kernel);
    const left = plan.copiesKernel ? at.kernel : ownKernel;
    eachPart(f, blocks.samples, (samples) => {
      const image = f.keep(
        'i32',
        op('i32.add', get(ownSource), op('i32.mul', get(samples.start), i32(imageBytes(plan)))),
      );
      eachPart(f, blocks.lines, (lines) => {
        const start = firstElement(f, plan, image, { samples, lines }, at.frame);
        eachPart(f, blocks.width, (width) => {
          const block = { group, samples, lines, width };
          const first = f.keep(
            'i32',
            op('i32.add', get(start), op('i32.mul', get(width.start), i32(plan.source.position))),
          );
          bySizeOfBlock(f, block, (size) => {
            for (const phase of plan.phases) packPhase(f, plan, phase, size, first, at.packed);
          });
          eachPart(f, rows, (row) => {
            emitProducts(f, plan, block, row, { ...at, left });
            emitDelivery(f, plan, block, row, plan.phases.length > 1 ? at.woven : at.results, sink);
          });
        });
      });
    });
  });
}

/** Bytes of an image of the source. */
const imageBytes = ({ axes: [down, across], groups, channels, type }: CorrelationPlan): number =>
  groups * channels * down.source * across.source * type.bytes;

/** Bytes of a group's channels of one image, and of its kernels. */
function groupBytes(plan: CorrelationPlan): { readonly source: number; readonly kernel: number } {
  const { channels, rows, phases, type } = plan;
  const taps = phases.reduce((sum, { k }) => sum + k, 0) / channels;
  return { source: imageBytes(plan) / plan.groups, kernel: channels * rows.extent * taps * type.bytes };
}

function eachGroup(f: FunctionBuilder, groups: number, body: (group: Code) => void): void {
  if (groups === 1) body(i32(0));
  else {
    countTo(f, groups, (group) => {
      body(get(group));
    });
  }
}

function bySizeOfBlock(f: FunctionBuilder, { samples, lines, width }: Block, body: (size: BlockSize) => void): void {
  bySize(f, samples, (count) => {
    bySize(f, lines, (high) => {
      bySize(f, width, (wide) => {
        body({ samples: count, lines: high, width: wide });
      });
    });
  });
}

/** The address of the first element that a block of lines sees at the start of its lines, in a frame or in place. */
function firstElement(
  f: FunctionBuilder,
  plan: CorrelationPlan,
  image: Local,
  { samples, lines }: Pick<Block, 'samples' | 'lines'>,
  frameAt: Local,
): Local {
  const { frame, source, axes } = plan;
  const step = axes[0].step;
  if (frame === undefined) {
    return f.keep('i32', op('i32.add', get(image), op('i32.mul', get(lines.start), i32(step * source.row))));
  }
  const row = f.keep('i32', op('i32.add', op('i32.mul', get(lines.start), i32(step)), i32(frame.firstRow)));
  bySize(f, samples, (count) => {
    const { channels, type, blocks } = plan;
    const hasAllRows = blocks.lines.size === blocks.lines.extent;
    const copy = { frame, axes, samples: count, channels, sample: imageBytes(plan), hasAllRows };
    frameFilled(f, type, copy, { source: image, target: frameAt, firstRow: row });
  });
  return frameAt;
}

function packPhase(
  f: FunctionBuilder,
  plan: CorrelationPlan,
  { down, across, k, right }: Phase,
  size: BlockSize,
  source: Local,
  packedAt: Local,
): void {
  const { type, channels, axes, rows, source: layout } = plan;
  if (k === 0) return;
  const { columns } = productOf(plan, k, rows.size, size).tile;
  const block = { source: layout, channels, down, across, step: axes[0].step, size, width: columns };
  const target = f.keep('i32', op('i32.add', get(packedAt), i32(right)));
  blockPacked(f, type, block, { source, target });
}

function emitProducts(
  f: FunctionBuilder,
  plan: CorrelationPlan,
  block: Block,
  row: Part,
  at: Readonly<Record<'left' | 'packed' | 'results' | 'woven', Local>>,
): void {
  const { phases, type } = plan;
  bySizeOfBlock(f, block, (size) => {
    bySize(f, row, (count) => {
      for (const phase of phases) {
        const product = productOf(plan, phase.k, count, size);
        f.emit(
          op(
            'i32.add',
            op('i32.add', get(at.left), i32(phase.left)),
            op('i32.mul', get(row.start), i32(product.left.row)),
          ),
        );
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
  { group, samples, lines, width }: Block,
  row: Part,
  results: Local,
  sink: Sink,
): void {
  const { axes, rows, blocks, phases } = plan;
  const [down, across] = axes;
  const { row: rowBytes, sample: sampleBytes, line: lineBytes } = plan.woven;
  const isWhole = blocks.lines.size === down.positions && blocks.width.size === across.positions;
  const takesImages = phases.length === 1 && isWhole && sink.takesImages;
  const [sample, channel] = [f.keep('i32', get(samples.start)), f.local('i32')];
  const sampleAt = f.keep('i32', get(results));
  const [rowAt, lineAt, at] = [f.local('i32'), f.local('i32'), f.local('i32')];
  const index = { sample: get(sample), channel: op('i32.add', op('i32.mul', group, i32(rows.extent)), get(channel)) };

  const eachLine = (body: (line: Code) => void): void => {
    const line = f.local('i32');
    const start = op('i32.mul', get(lines.start), i32(down.phases.length));
    const behind = op('i32.mul', lines.end, i32(down.phases.length));
    const end = op('select', behind, i32(down.result), op('i32.lt_u', behind, i32(down.result)));
    f.get(rowAt).set(lineAt);
    countUp(f, line, { start, end: phases.length > 1 ? end : lines.end, step: 1 }, () => {
      body(get(line));
      advance(f, lineAt, lineBytes);
    });
  };

  countUp(f, sample, { start: get(samples.start), end: samples.end, step: 1 }, () => {
    f.get(sampleAt).set(rowAt);
    countUp(f, channel, { start: get(row.start), end: row.end, step: 1 }, () => {
      if (takesImages) {
        const write = sink.line(index);
        f.get(rowAt).set(at);
        const image = down.result * across.result;
        writeLine(f, plan, { start: i32(0), end: i32(image), extent: image }, at, write);
      } else {
        eachLine((line) => {
          const write = sink.line({ ...index, line });
          f.get(lineAt).set(at);
          const start = op('i32.mul', get(width.start), i32(across.phases.length));
          const end = op('i32.mul', width.end, i32(across.phases.length));
          writeLine(f, plan, { start, end, extent: across.result }, at, write);
        });
      }
      advance(f, rowAt, rowBytes);
    });
    advance(f, sampleAt, sampleBytes);
  });
}

/** Hands on the elements start … end − 1, or to the end of the line, of a line of `extent` elements. */
function writeLine(
  f: FunctionBuilder,
  { type, blocks }: CorrelationPlan,
  { start, end, extent }: { readonly start: Code; readonly end: Code; readonly extent: number },
  at: Local,
  write: LineWriter,
): void {
  const [value, column] = [f.local('v128'), f.local('i32')];
  const isCut = blocks.width.size < blocks.width.extent;
  const rest = extent % type.lanes;
  const whole = extent - rest;
  const load = (): void => {
    f.get(at).memory('v128.load').set(value);
  };
  if (whole > 0) {
    const behind = isCut ? op('select', end, i32(whole), op('i32.lt_u', end, i32(whole))) : i32(whole);
    countUp(f, column, { start: isCut ? start : i32(0), end: behind, step: type.lanes }, () => {
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
