/** The backend conformance suite on TensorFlow's library, where `npm run tfjs-node` or npm installed it. */
import { testBackend } from '@node-ode/testkit';
import { skipWithoutTfjsNode, tfjsNode } from '../test/tfjs-node.ts';
import { tfjs } from './index.ts';

skipWithoutTfjsNode();
testBackend(async () => tfjs({ tf: await tfjsNode(), backend: 'tensorflow' }));
