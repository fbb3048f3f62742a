import { findTfjsNode } from '../../../../e2e/src/tfjs/tfjs-node.ts';
import { suitesOn } from './suite.ts';

const config = suitesOn('tfjs-node', './node.ts');
// Where it is not installed one test is skipped, which tells why.
if ('reason' in findTfjsNode('tfjs-node')) {
  config.test = { ...config.test, include: ['backends/tfjs/suites/no-tfjs-node.test.ts'], testNamePattern: /./ };
}

export default config;
