/** Pages of the machine's own Chromium, and scripts for them, for tests of other packages. */
export { bundleForBrowser } from './bundle.ts';
export { findChromium, launchChromium } from './chromium.ts';
export { documentOf, isolation, openServed, type Served } from './served-files.ts';
