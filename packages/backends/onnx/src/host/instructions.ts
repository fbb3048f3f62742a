/** What a program is made of when it runs. */
import type { OrtValue } from '../runtime/contract.ts';
import type { HostKernel } from './host-kernels.ts';
import type { Frame, Slot } from './registers.ts';

/** A segment that the device can run: its operands and results in the order of its graph's inputs and outputs. */
export interface LoadedSegment {
  run(operands: readonly OrtValue[]): Promise<readonly OrtValue[]>;
  release(): Promise<void>;
}

/** Moves values between registers, or computes one. */
export type Kernel = (frame: Frame) => void;

/** Instructions, and what happens when they are done. */
export interface Block {
  readonly instructions: readonly Instruction[];
  /** Moves the results to where they are wanted, and lets go of what is left. */
  readonly exit: readonly Kernel[];
  /** Positions of the graphs called in the block, once for each call. */
  readonly calls: readonly number[];
}

export interface HostInstruction {
  readonly kind: 'host';
  readonly kernels: readonly HostKernel[];
}

export interface SegmentInstruction {
  readonly kind: 'segment';
  readonly segment: LoadedSegment;
  readonly operands: readonly Slot[];
  readonly results: readonly Result[];
}

/** Where an output of a segment goes: to the device's registers, or, one behind the other, to the host's. */
export type Result =
  | { readonly kind: 'device'; readonly index: number; readonly bytes: number }
  | { readonly kind: 'host'; readonly slots: readonly Slot[] };

export interface CondInstruction {
  readonly kind: 'cond';
  /** Register of the predicate, a number. */
  readonly predicate: number;
  readonly then: Block;
  readonly else: Block;
}

/** A sequence that a loop writes. */
export interface Written {
  /** Where the body leaves an element. */
  readonly element: Slot;
  /** Register of the list, a resource. */
  readonly list: number;
}

export interface WhileInstruction {
  readonly kind: 'while';
  readonly enter: readonly Kernel[];
  /** Register of the test, a number. */
  readonly predicate: number;
  /** Register of whether the iteration advanced, a number. */
  readonly advances: number | undefined;
  readonly body: Block;
  readonly tapes: readonly Written[];
}

export interface ScanInstruction {
  readonly kind: 'scan';
  readonly enter: readonly Kernel[];
  readonly length: number | null;
  readonly reverse: boolean;
  /** Register of the position, a number. */
  readonly index: number;
  /** Tapes that are read: the register of each, a resource, and where its entry goes. */
  readonly read: readonly { readonly tape: number; readonly element: Slot }[];
  readonly body: Block;
  readonly written: readonly Written[];
}

/** Makes one tensor of a list of elements. */
export interface StackInstruction {
  readonly kind: 'stack';
  /** Register of the list, a resource. */
  readonly list: number;
  readonly element: Slot;
  readonly result: Slot;
  /** For elements on the device: what joins them, level by level. */
  readonly levels: readonly StackLevel[];
}

/** Joins neighbours: `width` at a time, the last of them fewer. */
export interface StackLevel {
  readonly width: number;
  readonly whole: Join | undefined;
  readonly rest: Join | undefined;
}

/** A segment that joins tensors along their first axis. */
export interface Join {
  readonly segment: LoadedSegment;
  /** Bytes of the result. */
  readonly bytes: number;
}

export type Instruction = (
  HostInstruction | SegmentInstruction | CondInstruction | WhileInstruction | ScanInstruction | StackInstruction
) & {
  /** Registers of resources that nobody uses after the instruction. */
  readonly frees: readonly number[];
};
