/**
 * Ctrl-C and SIGTERM. An engine computes without a pause in which a listener could be called: a signal that is listened to waits until
 * it has its result. So nothing listens but where work comes in short steps, and everything else is ended by the system, at once.
 */
import { setImmediate } from 'node:timers';
import type { Io } from './io.ts';

/** Where signals come from. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** What a command needs to end in order. */
export type Interruption = Required<Pick<Io, 'signal' | 'stepDone' | 'stepsOver'>>;

/** Longest step, in milliseconds, whose end Ctrl-C waits for. */
const patience = 2000;

/** Listens while steps are short; the second signal is left to the system. */
export function interruption(source: SignalSource, now: () => number = () => performance.now()): Interruption {
  const abort = new AbortController();
  let begin: number | undefined;
  let isListening = false;
  let wantsToListen = false;
  const interrupt = (): void => {
    stop();
    abort.abort();
  };
  const listen = (): void => {
    if (isListening || abort.signal.aborted) return;
    isListening = true;
    source.on('SIGINT', interrupt);
    source.on('SIGTERM', interrupt);
  };
  const stop = (): void => {
    isListening = false;
    source.off('SIGINT', interrupt);
    source.off('SIGTERM', interrupt);
  };
  /** A signal that came within the step waits for a turn of the event loop: a listener that goes before would lose it. */
  const stopInTurn = (): void =>
    void setImmediate(() => {
      if (!wantsToListen) stop();
    });
  return {
    signal: abort.signal,
    stepDone: () => {
      wantsToListen = begin !== undefined && now() - begin < patience;
      begin = now();
      if (wantsToListen) listen();
      else if (isListening) stopInTurn();
    },
    stepsOver: () => {
      begin = undefined;
      wantsToListen = false;
      if (isListening) stopInTurn();
    },
  };
}
