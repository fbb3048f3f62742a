/** What prepares each scene; the worker's part. */
import { density } from './density.ts';
import { latent } from './latent.ts';
import type { Prepare } from './scene.ts';
import type { SceneName } from './specs.ts';
import { spheres } from './spheres.ts';
import { spirals } from './spirals.ts';

export const scenes: Readonly<Record<SceneName, Prepare>> = { spirals, spheres, density, latent };
