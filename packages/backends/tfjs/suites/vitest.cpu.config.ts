import { suitesOn } from './suite.ts';

export default suitesOn('tfjs-cpu', './cpu.ts');
