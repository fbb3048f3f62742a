/** A solve that an event ends, behind a jump of f: what a step's interpolant and a fresh start are for. */
import { constantStep, createOde, pid, select, type Tensor } from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { demandClose } from '../support/numbers.ts';
import { closenessFor, type SolverSubject } from './subject.ts';

export function eventChecks(subject: SolverSubject): readonly Check[] {
  return [
    check('ends at an event, and starts anew behind a jump of f', () => endsAtEvent(subject, 1)),
    check('ends at an event, and starts anew behind a jump of f, backwards in time', () => endsAtEvent(subject, -1)),
  ];
}

/** A slope of 1 before |t| = 0.4, none there, and 3 behind it: every method is exact. y reaches 1 at |t| = 0.6. */
async function endsAtEvent(subject: SolverSubject, direction: 1 | -1): Promise<void> {
  const { make, backend, dtype } = subject;
  const solver = make();
  const controller =
    solver.needsUniformStep || !solver.hasErrorEstimate ? constantStep({ h: 0.15 }) : pid({ rtol: 1e-6, atol: 1e-6 });
  const ode = createOde({ backend, solver, controller, dtype });
  const f = (t: Tensor, y: Tensor): Tensor => {
    const along = t.mul(direction);
    const slope = select(along.equal(0.4), NaN, select(along.less(0.4), t.mul(0).add(1), 3));
    return y.mul(0).add(slope.mul(direction));
  };
  const times = [0, 0.2, 0.5, 2].map((t) => t * direction);
  const { event, ys } = await ode.solve(f, 0, times, {
    jumpTimes: [0.4 * direction],
    event: { eventFn: (_, y) => y.sub(1) },
  });
  const found = [event.t, event.y.data[0] ?? NaN, ...Array.from(ys.data)];
  demandClose(
    `${solver.name}: the time and the state of an event, and the solution`,
    found,
    [0.6 * direction, 1, 0, 0.2, 0.7, 1],
    closenessFor(subject, { f64: { rtol: 1e-12, atol: 1e-14 }, roundings: 16 }),
    'Check interpolate, and that a state from init knows nothing of the steps before.',
  );
}
