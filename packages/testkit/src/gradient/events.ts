/** Gradients of solves that end at an event, and across a jump of f. */
import { array, grad, select, type FloatDType, type HostArray, type Tensor } from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { demandClose } from '../support/numbers.ts';
import { readLeaves } from '../support/read-leaves.ts';
import { scalar } from '../support/random-arrays.ts';
import { tightOde, type GradientSubject } from './subject.ts';

export function eventChecks(subject: GradientSubject): readonly Check[] {
  return [
    check('has gradients across a jump of the dynamics', () => acrossJump(subject)),
    check('has gradients of the time and the state of an event, if it says so', () => ofEvent(subject)),
    check('has gradients where no event happens, if it says so', () => withoutEvent(subject)),
  ];
}

/** y′ = a·y before t = 1, b·y behind it: y(t) = y0·e^(a·(1 − t0) + b·(t − 1)). */
async function acrossJump(subject: GradientSubject): Promise<void> {
  const { dtype } = subject;
  const ode = tightOde(subject);
  interface Inputs {
    readonly y0: Tensor;
    readonly a: Tensor;
    readonly b: Tensor;
    readonly ts: Tensor;
  }
  const gradient = ode.compile((x: Inputs) =>
    grad(({ y0, a, b, ts }: Inputs) =>
      ode
        .odeint((t, y: Tensor) => y.mul(select(t.less(1), a, b)), y0, ts, { jumpTimes: [1] })
        .ys.at(2)
        .sum(),
    )(x),
  );
  const [y0, a, b, ts] = [[1.2, 0.4], -0.7, 0.5, [0.2, 0.6, 1.8]];
  const found = await readLeaves(
    await gradient({
      y0: array(y0, { dtype }),
      a: scalar(a, dtype),
      b: scalar(b, dtype),
      ts: array(ts, { dtype }),
    }),
  );
  const growth = Math.exp(0.8 * a + 0.8 * b);
  const total = 1.6 * growth;
  const expected = [0.8 * total, 0.8 * total, -a * total, 0, b * total, growth, growth];
  demandClose(`${subject.make().name}: the gradient for a, b, ts, y0 across a jump`, found.flat(), expected, {
    rtol: subject.tolerance,
    atol: subject.tolerance,
  });
}

interface Outcome<T = Tensor> {
  readonly end: T;
  readonly level: T;
  readonly rate: T;
  readonly start: T;
  readonly y0: T;
}

const pointIn = (dtype: FloatDType): Outcome<HostArray> => {
  const of = (x: number): HostArray => scalar(x, dtype);
  return { end: of(9), level: of(0.3), rate: of(0.7), start: of(0.25), y0: of(1.4) };
};

/** The event's time + 2·its state² + the first output + 3·the last, of y′ = −rate·y that ends where y is the level. */
async function gradientOf(subject: GradientSubject, eventFn: (y: Tensor, x: Outcome) => Tensor): Promise<number[]> {
  const ode = tightOde(subject);
  const gradient = ode.compile((given: Outcome) =>
    grad((x: Outcome) => {
      const f = (_: Tensor, y: Tensor): Tensor => y.mul(x.rate).neg();
      const times = [x.start, x.start.add(0.5), x.end.sub(1), x.end];
      const { event, ys } = ode.odeint(f, x.y0, times, { event: { eventFn: (_, y) => eventFn(y, x) } });
      return event.t.add(event.y.square().mul(2)).add(ys.at(1)).add(ys.at(3).mul(3));
    })(given),
  );
  return (await readLeaves(await gradient(pointIn(subject.dtype)))).flat();
}

/** t = start + ln(y0/level)/rate, y = level; both rows behind it hold the level. */
async function ofEvent(subject: GradientSubject): Promise<void> {
  const { name, handlesEvents } = subject.make();
  if (handlesEvents !== true) return;
  const found = await gradientOf(subject, (y, { level }) => y.sub(level));
  const [level, rate, y0] = [0.3, 0.7, 1.4];
  const first = Math.exp(-0.5 * rate);
  const expected = [
    0,
    -1 / (rate * level) + 4 * level + 3,
    -Math.log(y0 / level) / rate ** 2 - 0.5 * y0 * first,
    1,
    1 / (rate * y0) + first,
  ];
  demandClose(`${name}: the gradient for end, level, rate, start, y0 of a solve that an event ends`, found, expected, {
    rtol: subject.tolerance,
    atol: subject.tolerance,
  });
}

/** The solve reaches its end: t = end, y = y0·e^(−rate·(end − start)). */
async function withoutEvent(subject: GradientSubject): Promise<void> {
  const { name, handlesEvents } = subject.make();
  if (handlesEvents !== true) return;
  const found = await gradientOf(subject, (y, { level }) => y.add(level));
  const [rate, y0, span] = [0.7, 1.4, 8.75];
  const [first, last] = [Math.exp(-0.5 * rate), Math.exp(-span * rate)];
  /** The slope of 2y² + 3y at the last time. */
  const weight = 4 * y0 * last + 3;
  const expected = [
    1 - weight * rate * y0 * last,
    0,
    -0.5 * y0 * first - weight * span * y0 * last,
    weight * rate * y0 * last,
    first + weight * last,
  ];
  demandClose(`${name}: the gradient for end, level, rate, start, y0 of a solve without its event`, found, expected, {
    rtol: subject.tolerance,
    atol: subject.tolerance,
  });
}
