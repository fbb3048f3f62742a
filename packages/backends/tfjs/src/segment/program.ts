/** A segment as it runs: a flat list of kernel calls on numbered registers. */
import type { HostArray } from '@node-ode/core';
import type { Register, TfDType } from '../kernels/contract.ts';

/** One kernel call. */
export interface KernelCall {
  readonly kernel: string;
  /** The primitive that it is part of, for errors. */
  readonly origin: string;
  /** Names of the operands; none for a list of them. */
  readonly names: readonly string[] | undefined;
  readonly operands: readonly Register[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly result: number;
  /** Type of the result, which the first run is held to. */
  readonly shape: readonly number[];
  readonly dtype: TfDType;
}

/** A register whose tensor is there as long as the segment is loaded. */
export interface Constant {
  readonly register: number;
  readonly array: HostArray;
}

/** What a segment gives. */
export interface ProgramResult {
  readonly register: number;
  readonly shape: readonly number[];
  readonly dtype: TfDType;
  /** Whether its elements are given instead of a tensor. */
  readonly isHost: boolean;
}

/** A lowered segment. Its operands are in the registers from 0 on. */
export interface SegmentProgram {
  readonly operands: number;
  readonly registers: number;
  readonly constants: readonly Constant[];
  readonly calls: readonly KernelCall[];
  readonly results: readonly ProgramResult[];
}
