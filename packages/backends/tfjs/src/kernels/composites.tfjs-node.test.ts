import { describe } from 'vitest';
import { testComposites } from '../../test/composite-checks.ts';
import { skipWithoutTfjsNode } from '../../test/tfjs-node.ts';

skipWithoutTfjsNode();

describe('on tensorflow', () => {
  testComposites('tensorflow');
});
