import { suitesOn } from './suite.ts';

export default suitesOn('tfjs-wasm', './wasm.ts');
