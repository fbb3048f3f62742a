import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { interruption } from './interruption.ts';

/** A process whose time goes on by hand. */
function world() {
  const source = new EventEmitter();
  const clock = { time: 0 };
  const found = interruption(source, () => clock.time);
  return {
    ...found,
    source,
    listeners: () => source.listenerCount('SIGINT') + source.listenerCount('SIGTERM'),
    step: (milliseconds: number) => {
      clock.time += milliseconds;
      found.stepDone();
    },
  };
}

/** A turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('listens only while steps are short', async () => {
  const { listeners, step, stepsOver, signal } = world();
  expect(listeners()).toBe(0);
  step(0); // where the first begins
  expect(listeners()).toBe(0);
  for (const [milliseconds, expected] of [
    [5000, 0], // it may compile for long
    [100, 2],
    [100, 2],
    [3000, 0],
    [10, 2],
  ] as const) {
    step(milliseconds);
    await turn();
    expect(listeners()).toBe(expected);
  }
  stepsOver();
  await turn();
  expect([listeners(), signal.aborted]).toEqual([0, false]);
});

it('loses no signal that came within a step, however long that was', async () => {
  const { listeners, step, source, signal } = world();
  step(0);
  step(1);
  const late = turn().then(() => source.emit('SIGINT')); // as the event loop has it, before its timers
  step(3000);
  expect(listeners()).toBe(2);
  await late;
  expect([signal.aborted, listeners()]).toEqual([true, 0]);
});

it.each(['SIGINT', 'SIGTERM'])('%s aborts once; the next one is left to the system', (name) => {
  const { listeners, step, source, signal } = world();
  step(0);
  step(1);
  source.emit(name);
  expect([signal.aborted, listeners()]).toEqual([true, 0]);
  step(1);
  expect(listeners()).toBe(0);
});
