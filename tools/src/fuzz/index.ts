/** For the tests of readers: files that nobody should trust, and what is asked of who reads them. */
export { bounded, type Bounds, type Outcome } from './bounded.ts';
export { damaged } from './damaged.ts';
export { escapingPaths, hostileName, objectNames } from './hostile-names.ts';
