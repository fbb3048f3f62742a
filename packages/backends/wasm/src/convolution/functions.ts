/** The parts of a convolution as functions of a module, each written once for all convolutions that need it. */
import { get, i32, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { forEachRow, placeOf, shifted, type Place } from '../kernels/rows.ts';
import { copyRows, copyRun, elementOps, loadFrom, storeTo } from '../kernels/runs.ts';
import { shared } from '../matmul/functions.ts';
import type { VectorType } from '../matmul/vector.ts';
import type { CorrelationPlan, Phase } from './correlation.ts';
import { fillFrame, type FrameCopy } from './frame.ts';
import type { KernelGradPlan } from './kernel-grad.ts';
import { packBlock, type PackedBlock } from './pack.ts';
import type { BlockSize } from './source.ts';

/** Fills a frame from the source at an image's first channel; `firstRow` is the source's index of the frame's first row. */
export function frameFilled(
  f: FunctionBuilder,
  type: VectorType,
  copy: FrameCopy,
  { source, target, firstRow }: Readonly<Record<'source' | 'target' | 'firstRow', Local>>,
): void {
  const callable = shared(f.module, `convolution.frame.${type.dtype}`, [type.dtype, copy], 3, (g) => {
    fillFrame(g, type, copy, g.param(0), g.param(1), g.param(2));
  });
  f.get(source).get(target).get(firstRow).call(callable);
}

/** Packs a block from its first element in the source. */
export function blockPacked(
  f: FunctionBuilder,
  type: VectorType,
  block: PackedBlock,
  { source, target }: Readonly<Record<'source' | 'target', Local>>,
): void {
  const { down, across, source: layout } = block;
  // What the layout's function gives, as data.
  const taps = down.map((y) => across.map((x) => layout.tap(y.offset, x.offset)));
  const callable = shared(f.module, `convolution.pack.${type.dtype}`, [type.dtype, block, taps], 2, (g) => {
    packBlock(g, type, block, g.param(0), g.param(1));
  });
  f.get(source).get(target).call(callable);
}

/** Copies one group's kernels [outputs, inputs, down, across] to rows [inputs, taps] of outputs, or [outputs, taps] of inputs, for each phase. */
export function kernelCopied(f: FunctionBuilder, plan: CorrelationPlan, source: Local, target: Local): void {
  const { type, channels, rows, phases, kernelCopy } = plan;
  const what = [type.dtype, channels, rows.extent, phases, kernelCopy];
  const callable = shared(f.module, `convolution.kernel.${type.dtype}`, what, 2, (g) => {
    for (const phase of phases) copyKernel(g, plan, phase, g.param(0), g.param(1));
  });
  f.get(source).get(target).call(callable);
}

function copyKernel(f: FunctionBuilder, plan: CorrelationPlan, phase: Phase, source: Local, target: Local): void {
  const { type, axes, channels, rows, kernelCopy } = plan;
  const across = axes[1].phases.flat().length;
  const element = type.bytes;
  const kernel = axes[0].phases.flat().length * across * element;
  const taps = phase.down.flatMap((y) => phase.across.map((x) => y.index * across + x.index));
  if (taps.length === 0) return;
  const run = taps.length * element;
  const isWhole = run === kernel;
  const { load, store } = elementOps[type.dtype];
  const copyTaps = (to: Place, from: Place): void => {
    if (isWhole) copyRun(f, to, from, run);
    else
      taps.forEach((tap, i) => {
        storeTo(f, store, shifted(to, i * element), loadFrom(load, shifted(from, tap * element)));
      });
  };
  const rowsAt = [
    { start: placeOf({ address: op('i32.add', get(target), i32(phase.left)) }), stride: phase.row },
    { start: placeOf({ address: get(source) }), stride: kernelCopy === 'rows' ? channels * kernel : kernel },
  ] as const;
  forEachRow(f, { count: rows.extent, cost: 100 }, rowsAt, (to, from) => {
    const channelsAt = [
      { start: to, stride: run },
      { start: from, stride: kernelCopy === 'rows' ? kernel : rows.extent * kernel },
    ] as const;
    forEachRow(f, { count: channels, cost: taps.length }, channelsAt, copyTaps);
  });
}

/** Puts a phase's results between those of the others. */
export function phaseWoven(
  f: FunctionBuilder,
  { type, pitch, axes: [down, across], woven, blocks }: CorrelationPlan,
  phase: Phase,
  rows: number,
  size: BlockSize,
  { source, target }: Readonly<Record<'source' | 'target', Local>>,
): void {
  const [high, wide] = [down.phases.length, across.phases.length];
  const what = [type.dtype, pitch, woven, blocks.lines.size, high, wide, phase.at, rows, size];
  const callable = shared(f.module, `convolution.weave.${type.dtype}`, what, 2, (g) => {
    const { load, store } = elementOps[type.dtype];
    const first = phase.at[0] * woven.line + phase.at[1] * type.bytes;
    const rowsAt = [
      { start: { address: get(g.param(1)), offset: first }, stride: woven.row },
      { start: placeOf({ address: get(g.param(0)) }), stride: pitch },
    ] as const;
    forEachRow(g, { count: rows, cost: 100 }, rowsAt, (to, from) => {
      // Samples follow each other like lines.
      const linesAt = [
        { start: to, stride: high * woven.line },
        { start: from, stride: size.width * type.bytes },
      ] as const;
      forEachRow(g, { count: size.samples * size.lines, cost: size.width }, linesAt, (line, results) => {
        const elementsAt = [
          { start: line, stride: wide * type.bytes },
          { start: results, stride: type.bytes },
        ] as const;
        forEachRow(g, { count: size.width, cost: 1 }, elementsAt, (element, result) => {
          storeTo(g, store, element, loadFrom(load, result));
        });
      });
    });
  });
  f.get(source).get(target).call(callable);
}

/** Puts the rows of y of several samples together: [samples, channels, positions] to [channels, samples and positions]. */
export function resultCopied(
  f: FunctionBuilder,
  { type, axes: [down, across], groups, rows, pitch }: KernelGradPlan,
  { samples }: BlockSize,
  { source, target }: Readonly<Record<'source' | 'target', Local>>,
): void {
  const plane = down.result * across.result * type.bytes;
  const what = [type.dtype, plane, groups, rows, pitch.result, samples];
  const callable = shared(f.module, `convolution.rows.${type.dtype}`, what, 2, (g) => {
    const rowsAt = [
      { start: placeOf({ address: get(g.param(1)) }), stride: pitch.result },
      { start: placeOf({ address: get(g.param(0)) }), stride: plane },
    ] as const;
    forEachRow(g, { count: rows, cost: 100 }, rowsAt, (to, from) => {
      copyRows(g, samples, { start: to, stride: plane }, { start: from, stride: groups * rows * plane }, plane);
    });
  });
  f.get(source).get(target).call(callable);
}
