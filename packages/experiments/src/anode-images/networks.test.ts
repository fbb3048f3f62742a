import { reference } from '@node-ode/backend-reference';
import { createOde } from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { matchingFilters, parametersOf } from './networks.ts';

const ode = createOde({ backend: reference(), solver: dopri5() });

describe('networks of equal parameters', () => {
  // Table 1 of the paper: 92 filters beside 64 and 5 extra channels on MNIST, 125 beside 64 and 10 on CIFAR-10 and SVHN.
  it.each([
    [[1, 28, 28], 5, 92, 84395, 84816],
    [[3, 32, 32], 10, 125, 172358, 171799],
  ] as const)('are those of the paper for images %j', (image, extra, filters, without, augmented) => {
    const options = { image, time: false };
    expect(matchingFilters(ode, { extra, filters: 64 }, options)).toBe(filters);
    expect(parametersOf(ode, { extra: 0, filters }, options)).toBe(without);
    expect(parametersOf(ode, { extra, filters: 64 }, options)).toBe(augmented);
  });
});
