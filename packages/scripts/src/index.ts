/** What the npm scripts of this repository share: how they read options, and what they say of the machine. */
export { describeMachine, type Machine } from './machine.ts';
export { parseOptions, seeHelp } from './parse.ts';
export { integerOf, pathOf, type Range } from './values.ts';
