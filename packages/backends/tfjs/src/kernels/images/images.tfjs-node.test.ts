import { describe } from 'vitest';
import { testImages } from '../../../test/image-checks.ts';
import { skipWithoutTfjsNode } from '../../../test/tfjs-node.ts';

skipWithoutTfjsNode();

describe('on tensorflow', () => {
  testImages('tensorflow');
});
