// Runs in the place of the suites where there is no tfjs-node.
import { findTfjsNode } from '@node-ode/e2e/tfjs-node';
import { expect, it } from 'vitest';

it('solvers and gradients on tfjs-node', ({ skip }) => {
  const found = findTfjsNode('tfjs-node');
  if ('reason' in found) skip(found.reason);
  expect(found).not.toHaveProperty('reason');
});
