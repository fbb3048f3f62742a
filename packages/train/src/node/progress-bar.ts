/** Live progress in a terminal; plain lines where there is none. */
import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../fit/options.ts';
import { describeProgress, share } from './describe-progress.ts';

/** Where lines go: `process.stdout`, or what stands in for it. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** How progress is shown. */
export interface ProgressBarOptions {
  /** `process.stdout` by default. */
  readonly stream?: ProgressStream;
  /** Seconds between plain lines, where the stream is no terminal; 5 by default. */
  readonly lineEvery?: number;
  /** Milliseconds on the clock. */
  readonly now?: () => number;
}

/** Shows progress until it is stopped. */
export interface ProgressBar {
  /** Pass it to `fit` as `onProgress`. */
  readonly update: (progress: Progress) => void;
  /** Shows the last progress, and gives the terminal back. Calling it twice is harmless. */
  readonly stop: () => void;
}

/**
 * A progress bar: scalars of the step such as the loss, function evaluations forward and backward, steps per second and
 * the time that is left. Where the stream is no terminal, such as in a log, a line every few seconds says the same.
 *
 * @example
 * const bar = progressBar();
 * try {
 *   await fit({ ...options, onProgress: bar.update });
 * } finally {
 *   bar.stop();
 * }
 */
export function progressBar(options: ProgressBarOptions = {}): ProgressBar {
  const { stream = process.stdout, lineEvery = 5, now = () => performance.now() } = options;
  return stream.isTTY === true ? liveBar(stream) : lines(stream, 1000 * lineEvery, now);
}

function liveBar(stream: ProgressStream): ProgressBar {
  const bar = new SingleBar(
    {
      stream,
      format: '{bar} {percentage}% · {unit} {value}/{total} · {text} · {eta_formatted} left',
      hideCursor: true,
      barsize: 24,
      fps: 10,
      etaBuffer: 300,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update: (progress) => {
      const { done, total, unit } = share(progress);
      const payload = { unit, text: describeProgress(progress) };
      if (started) bar.update(done, payload);
      else bar.start(total, done, payload);
      started = true;
    },
    stop: () => {
      if (started) bar.stop();
      started = false;
    },
  };
}

function lines(stream: ProgressStream, every: number, now: () => number): ProgressBar {
  let last: Progress | undefined;
  let due = -Infinity;
  const print = (progress: Progress): void => {
    const { done, total, unit } = share(progress);
    stream.write(`${unit} ${done}/${total} · ${describeProgress(progress)}\n`);
    last = undefined;
    due = now() + every;
  };
  return {
    update: (progress) => {
      last = progress;
      if (now() >= due) print(progress);
    },
    stop: () => {
      if (last !== undefined) print(last);
    },
  };
}
