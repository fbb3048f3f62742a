import { describe } from 'vitest';
import { testImages } from '../../../test/image-checks.ts';
import { backendNames } from '../../../test/runtimes.ts';

describe.each(backendNames)('on %s', (name) => {
  testImages(name);
});
