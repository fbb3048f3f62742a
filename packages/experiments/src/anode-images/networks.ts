/** The networks of the comparison: as many parameters with extra channels as without. */
import { flattenTree, isHostArray, random, type Ode } from '@node-ode/core';
import { convAnode, type AugmentedOde, type ConvAnodeParams, type ImageShape } from '@node-ode/model-anode';

/** A network of the comparison. */
export interface Variant {
  readonly name: string;
  /** Extra channels. */
  readonly extra: number;
  readonly filters: number;
}

/** How networks are made. */
export interface NetworkOptions {
  readonly image: ImageShape;
  /** Whether the ODE function depends on time. */
  readonly time: boolean;
}

/** A network for ten classes. */
export const network = (
  ode: Ode,
  { extra, filters }: Omit<Variant, 'name'>,
  { image, time }: NetworkOptions,
): AugmentedOde<ConvAnodeParams> => convAnode({ ode, image, extra, filters, time, outputs: 10 });

/** Parameters of a network. */
export function parametersOf(ode: Ode, variant: Omit<Variant, 'name'>, options: NetworkOptions): number {
  const params = network(ode, variant, options).init(random(0));
  return flattenTree('anode-images', params, isHostArray).leaves.reduce((sum, { data }) => sum + data.length, 0);
}

/** Filters of the network without extra channels whose number of parameters is nearest to another's. */
export function matchingFilters(ode: Ode, other: Omit<Variant, 'name'>, options: NetworkOptions): number {
  const wanted = parametersOf(ode, other, options);
  const count = (filters: number): number => parametersOf(ode, { extra: 0, filters }, options);
  // The first at or above what is wanted is between these.
  let [below, above] = [0, 1];
  while (count(above) < wanted) [below, above] = [above, 2 * above];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (count(middle) < wanted) below = middle;
    else above = middle;
  }
  const isBelowNearer = below > 0 && wanted - count(below) < count(above) - wanted;
  return isBelowNearer ? below : above;
}
