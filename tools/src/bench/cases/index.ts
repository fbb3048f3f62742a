/** Every case, in order. A new one is a file of its own and a line here. */
import type { BenchCase } from './case.ts';
import { imageBlock } from './image-block.ts';
import { longMlp } from './long-mlp.ts';
import { memory } from './memory.ts';
import { spiralForward } from './spiral-forward.ts';
import { spiralTraining } from './spiral-training.ts';
import { wideMlp } from './wide-mlp.ts';

export const benchCases: readonly BenchCase[] = [spiralForward, spiralTraining, longMlp, wideMlp, imageBlock, memory];
