/** How the npm scripts of this repository read their options: `node:util`'s `parseArgs`, with typed errors. */
export { parseOptions, seeHelp } from './parse.ts';
export { integerOf, pathOf, type Range } from './values.ts';
