/** Pages of the machine's own Chromium, for tests of other packages. */
export { findChromium, launchChromium } from './chromium.ts';
export { documentOf, openServed, type Served } from './served-files.ts';
