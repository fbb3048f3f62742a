/** Stands in for the reference engine: tfjs on TensorFlow's library, where it is installed. */
import { UnsupportedError, type Backend } from '@node-ode/core';
import { loadTfjsNode, tfjs } from '@node-ode/backend-tfjs';
import { findTfjsNode } from '@node-ode/e2e/tfjs-node';

const found = findTfjsNode('tfjs-node');
if ('reason' in found) throw new UnsupportedError('suites', found.reason);
const engine = await tfjs({ tf: await loadTfjsNode({ from: `${found.folder}/` }) });

/** The engine under test. One for all: a test's arrays are its own. */
export const reference = (): Backend => engine;
