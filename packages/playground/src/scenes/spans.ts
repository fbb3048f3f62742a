/** What of each plane is shown, and for how long its flow runs. */
import type { Bounds } from './picture.ts';

const square = (reach: number): Bounds => ({ x: [-reach, reach], y: [-reach, reach] });

/** The spiral: its plane, the time of all of it, and the time that particles are followed. */
export const spiral = { plane: square(2.4), end: 25, horizon: 2 } as const;

/** Disc and ring: the inputs, and where a flow takes them. */
export const rings = { inputs: square(1.8), flow: square(4.5) } as const;

/** The sheet that a visitor draws on. */
export const sheet = square(4);

/** Series, and their latent space; times are angles, in radians, twice those of the observations. */
export const series = { plane: square(2.5), latent: square(5), end: 7.48 } as const;
