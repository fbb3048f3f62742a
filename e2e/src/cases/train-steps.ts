/** What training cases share: steps whose state stays on the device, and what they must have learned. */
import { array, type DeviceArray, type FloatDType, type HostArray } from '@node-ode/core';

/** What one step of training gives. */
export interface TrainedStep<State> {
  readonly state: State;
  readonly loss: DeviceArray;
}

/** The losses of `steps` steps, of which the first was taken, and the last state. */
export async function trainSteps<State>(
  first: TrainedStep<State>,
  step: (state: State) => Promise<TrainedStep<State>>,
  steps: number,
  dtype: FloatDType,
): Promise<{ readonly curve: HostArray; readonly state: State }> {
  let result = first;
  const losses: HostArray[] = [];
  for (let i = 1; i <= steps; i++) {
    losses.push(await result.loss.read());
    result.loss.dispose();
    if (i === steps) break;
    result = await step(result.state);
  }
  const curve = array(
    losses.flatMap(({ data }) => Array.from(data)),
    { dtype },
  );
  return { curve, state: result.state };
}

/** Says so if the losses, the first of the results, did not fall by 30 %. */
export function learnedTooLittle([curve]: readonly HostArray[]): string | undefined {
  const [first, last] = [curve?.data[0] ?? NaN, curve?.data.at(-1) ?? NaN];
  return last < 0.7 * first ? undefined : `the loss went from ${first} to ${last}; expected a fall by 30 % at least`;
}
