import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Progress } from '../fit/options.ts';
import { progressBar } from './progress-bar.ts';

const progress = (step: number, more: Partial<Progress> = {}): Progress => ({
  step,
  steps: 20,
  epoch: 0,
  epochs: undefined,
  values: { loss: 1 / step },
  nfe: 14,
  nfeBackward: 26,
  accepted: 2,
  rejected: 0,
  stepsPerSecond: 3.25,
  seconds: step,
  ...more,
});

/** A stream and what was written to it. */
function recorder(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 200, cursorTo: () => true, clearLine: () => true });
  const text = (): string => String(stream.read() ?? '');
  return { stream, text };
}

describe('progressBar without a terminal', () => {
  it('writes a line every few seconds, and the last', () => {
    const { stream, text } = recorder(false);
    let time = 0;
    const bar = progressBar({ stream, lineEvery: 5, now: () => time });
    for (let step = 1; step <= 8; step++, time += 1000) bar.update(progress(step));
    bar.stop();
    bar.stop();
    expect(text()).toBe(
      [
        'step 1/20 · loss 1.000 · NFE 14 fwd, 26 bwd · 3.3 steps/s',
        'step 6/20 · loss 0.1667 · NFE 14 fwd, 26 bwd · 3.3 steps/s',
        'step 8/20 · loss 0.1250 · NFE 14 fwd, 26 bwd · 3.3 steps/s',
        '',
      ].join('\n'),
    );
  });

  it('repeats no line when it stops', () => {
    const { stream, text } = recorder(false);
    const bar = progressBar({ stream });
    bar.update(progress(1));
    bar.stop();
    expect(text().split('\n').length).toBe(2);
  });

  it('says nothing of evaluations where nothing is solved', () => {
    const { stream, text } = recorder(false);
    progressBar({ stream }).update(progress(1, { nfe: 0, nfeBackward: 0 }));
    expect(text()).toBe('step 1/20 · loss 1.000 · 3.3 steps/s\n');
  });

  it('counts epochs where the steps are not known', () => {
    const { stream, text } = recorder(false);
    progressBar({ stream }).update(progress(1, { steps: undefined, epochs: 5, epoch: 2 }));
    expect(text()).toContain('epoch 2/5');
  });

  it('writes small and large numbers shortly', () => {
    const { stream, text } = recorder(false);
    const values = { a: 1.23456e-7, b: 123456789, c: 0, d: -12.34567 };
    progressBar({ stream }).update(progress(1, { values, stepsPerSecond: 1234.5 }));
    expect(text()).toContain('a 1.235e-7 · b 1.235e+8 · c 0.000 · d -12.35 · NFE 14 fwd, 26 bwd · 1235 steps/s');
  });
});

describe('progressBar in a terminal', () => {
  it('draws a bar with the same words, and ends it', () => {
    const { stream, text } = recorder(true);
    const bar = progressBar({ stream });
    bar.update(progress(1));
    bar.update(progress(10));
    bar.stop();
    bar.stop();
    const shown = text();
    expect(shown).toContain('█');
    expect(shown).toContain('50% · step 10/20 · loss 0.1000 · NFE 14 fwd, 26 bwd · 3.3 steps/s');
    expect(shown.endsWith('\n')).toBe(true);
  });

  it('that nothing was shown on ends silently', () => {
    const { stream, text } = recorder(true);
    progressBar({ stream }).stop();
    expect(text()).toBe('');
  });
});
