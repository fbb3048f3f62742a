/** What a run was measured on. */
import { describeMachine, type Machine } from '@node-ode/scripts';
import { canPin } from './contestants.ts';

/** A machine as it was before a run. */
export interface BenchMachine extends Machine {
  /** Whether each worker is kept to as many processors as it has threads. */
  readonly isPinned: boolean;
}

export const describeBenchMachine = (): BenchMachine => ({ ...describeMachine(), isPinned: canPin() });
