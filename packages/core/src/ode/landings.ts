/** Times that steps land on, each list with a cursor: how many of its times have been passed. */
import { allFinite, arange, select } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { asRows, readRow } from './lanes.ts';
import type { Leaves } from './solver.ts';

/** Lists of times to land on, in the order in which a solve from `start` to `end` meets them. */
export interface Landings {
  readonly lists: Leaves;
  readonly start: Tensor;
  readonly end: Tensor;
  readonly direction: Tensor;
}

/** Lists of times as a solve meets them; each increasing or decreasing. */
export const landingsOf = (
  lists: readonly (Tensor | undefined)[],
  { start, end, direction }: Omit<Landings, 'lists'>,
): Landings => ({
  lists: lists.flatMap((times) => (times === undefined ? [] : [along(times, direction)])),
  start,
  end,
  direction,
});

/** The first cursors: times that are not after the start are passed. */
export const firstCursors = ({ lists, start, direction }: Landings): Leaves =>
  lists.map((times) => times.sub(start).mul(direction).lessEqual(0).cast('i32').sum({ axes: 0 }));

/** The next time to land on: the last one of the solve where no other lies before it. */
export const nextTarget = ({ lists, end, direction }: Landings, cursors: Leaves): Tensor =>
  lists.reduce((target, times, i) => {
    const count = times.shape[0] ?? 0;
    const [cursor, next] = [cursors[i] as Tensor, timeAt(times, cursors[i] as Tensor, end)];
    return select(cursor.less(count).and(target.sub(next).mul(direction).greater(0)), next, target);
  }, end);

/** The cursors after a step that has, or has not, `reached` its target. */
export const nextCursors = (
  { lists, end, direction }: Landings,
  cursors: Leaves,
  target: Tensor,
  reached: Tensor,
): Leaves =>
  cursors.map((cursor, i) => {
    // A list alone is passed whenever a target is reached; of several, those that have nothing before it.
    if (lists.length === 1) return cursor.add(reached.cast('i32'));
    const isPassed = timeAt(lists[i] as Tensor, cursor, end)
      .sub(target)
      .mul(direction)
      .lessEqual(0);
    return cursor.add(reached.and(isPassed).cast('i32'));
  });

/** Whether times are finite and strictly monotone in a direction. */
export function areMonotone(ts: Tensor, direction: Tensor): Tensor {
  const [count = 0, ...lanes] = ts.shape;
  const finite = lanes.length === 0 ? allFinite([ts]) : ts.isFinite().all({ axes: 0 });
  if (count < 2) return finite;
  const none = lanes.map(() => 0);
  const gaps = ts.slice([1, ...none], [count - 1, ...lanes]).sub(ts.slice([0, ...none], [count - 1, ...lanes]));
  return gaps.mul(direction).greater(0).all({ axes: 0 }).and(finite);
}

/** The time at a cursor; the last one once all are passed. */
const timeAt = (times: Tensor, cursor: Tensor, like: Tensor): Tensor =>
  readRow(asRows(times, like.shape), cursor.minimum((times.shape[0] ?? 0) - 1));

/** Monotone times in the order in which a solve meets them. */
function along(times: Tensor, direction: Tensor): Tensor {
  const count = times.shape[0] ?? 0;
  if (count < 2) return times;
  const reversed = times.gather(
    arange(count)
      .neg()
      .add(count - 1),
  );
  return select(times.at(-1).sub(times.at(0)).mul(direction).less(0), reversed, times);
}
