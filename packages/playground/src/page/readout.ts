/** The numbers above the panels: where training is. */
import type { Cost } from '../scenes/trainer.ts';
import type { Phase } from '../worker/protocol.ts';
import { numberText } from './controls.ts';
import { byId } from './element.ts';

/** Steps a second over the last second or so. */
export function speedometer(): (step: number) => number {
  const seen: { readonly at: number; readonly step: number }[] = [];
  return (step) => {
    const at = performance.now();
    seen.push({ at, step });
    while (seen.length > 2 && at - (seen[0]?.at ?? at) > 1500) seen.shift();
    const [first] = seen;
    return first === undefined || at <= first.at ? 0 : (1000 * (step - first.step)) / (at - first.at);
  };
}

/** Where training is. */
export interface Readout {
  readonly phase: Phase;
  readonly step: number;
  /** Steps a second; 0 where it is not known yet. */
  readonly pace: number;
  /** Of the last step, of each model. */
  readonly costs: readonly Cost[];
}

/** Writes where training is. */
export function readouts(): (readout: Readout) => void {
  const [train, one] = [byId('train', HTMLButtonElement), byId('one', HTMLButtonElement)];
  const [stepBox, loss, nfe] = ['step', 'loss', 'nfe'].map((id) => byId(id, HTMLElement));
  const [status, paceBox] = [byId('status', HTMLElement), byId('pace', HTMLElement)];
  const write = (element: HTMLElement | undefined, text: string): void => {
    if (element !== undefined && element.textContent !== text) element.textContent = text;
  };
  return ({ phase, step, pace, costs }) => {
    document.documentElement.dataset['phase'] = phase;
    write(train, phase === 'training' ? 'Pause' : 'Train');
    one.disabled = phase === 'training';
    write(stepBox, String(step));
    write(loss, costs.length === 0 ? '–' : costs.map((cost) => lossText(cost.loss)).join(' · '));
    write(nfe, costs.length === 0 ? '–' : costs.map((cost) => `${cost.nfe} + ${cost.nfeBackward}`).join(' · '));
    write(status, statusOf(phase, step));
    write(paceBox, phase === 'training' && pace > 0 ? paceText(pace) : '');
  };
}

/** Of the phase alone: it is read aloud whenever it changes. */
function statusOf(phase: Phase, step: number): string {
  switch (phase) {
    case 'preparing':
      return 'Compiling the training step …';
    case 'training':
      return 'Training';
    case 'resting':
      return step === 0 ? 'Ready: press Train.' : `Resting after ${step} ${step === 1 ? 'step' : 'steps'}.`;
    case 'failed':
      return 'Stopped.';
  }
}

const paceText = (pace: number): string => `${pace < 10 ? pace.toFixed(1) : Math.round(pace)} steps a second`;

const lossText = (loss: number): string =>
  Math.abs(loss) < 1e-3 ? numberText(loss) : loss.toPrecision(3).replace('-', '−');
