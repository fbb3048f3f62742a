/** Every case, in the order of the table. */
import { modelCases } from './all-models.ts';
import { titleOf, type Case } from './case.ts';
import { eventCases } from './events.ts';
import { forwardCases, mixedOrderCases } from './forward.ts';
import { gradientCases, secondOrderCases } from './gradients.ts';
import { imageCases } from './images.ts';
import { sampleCases } from './samples.ts';
import { sequenceCases } from './sequences.ts';
import { solverCases } from './solvers.ts';
import { trainingCases } from './training.ts';

export const allCases: readonly Case[] = [
  ...solverCases,
  ...gradientCases,
  ...forwardCases,
  ...secondOrderCases,
  ...mixedOrderCases,
  ...eventCases,
  ...sampleCases,
  ...trainingCases,
  ...imageCases,
  ...sequenceCases,
  ...modelCases,
];

/** The cases whose title contains `text`. */
export const casesMatching = (text: string): readonly Case[] => allCases.filter((c) => titleOf(c).includes(text));
