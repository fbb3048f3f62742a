/** The time of the flow: it runs, rests at its end, and begins again; or stands where the visitor put it. */
import { byId } from './element.ts';

/** Seconds from begin to end, and of the rest there. */
const [run, rest] = [3.5, 1.2];

/** What time it is. */
export interface FlowTime {
  /** From 0 to 1. */
  readonly moment: number;
  /** Seconds that the clock ran. */
  readonly seconds: number;
}

/** The clock. */
export interface Clock {
  /** What time it is at a frame. */
  at(milliseconds: number): FlowTime;
  /** Whether frames differ. */
  isRunning(): boolean;
  /** The times at both ends, for the number beside the slider. */
  span(from: number, to: number): void;
}

/** Connects the clock with its slider and its button. Who asks for less motion gets a clock that stands at the end. */
export function clockOf(onMove: () => void): Clock {
  const slider = byId('time', HTMLInputElement);
  const output = byId('time-value', HTMLOutputElement);
  const button = byId('play', HTMLButtonElement);
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  let running = !calm.matches;
  let [seconds, last, moment] = [0, NaN, calm.matches ? 1 : 0];
  let span: readonly [number, number] = [0, 1];
  const show = (): void => {
    slider.valueAsNumber = moment;
    output.value = (span[0] + moment * (span[1] - span[0])).toFixed(2);
    slider.setAttribute('aria-valuetext', output.value);
  };
  const set = (next: boolean): void => {
    [running, last] = [next, NaN];
    button.textContent = running ? 'Pause the flow' : 'Play the flow';
    onMove();
  };
  slider.addEventListener('input', () => {
    moment = slider.valueAsNumber;
    seconds = moment * run;
    set(false);
    show();
  });
  button.addEventListener('click', () => {
    set(!running);
  });
  calm.addEventListener('change', ({ matches }) => {
    set(!matches);
  });
  set(running);
  show();
  return {
    at: (now) => {
      if (running) {
        if (!Number.isNaN(last)) seconds += (now - last) / 1000;
        last = now;
        moment = Math.min(1, (seconds % (run + rest)) / run);
        show();
      }
      return { moment, seconds };
    },
    isRunning: () => running,
    span: (from, to) => {
      span = [from, to];
      show();
    },
  };
}
