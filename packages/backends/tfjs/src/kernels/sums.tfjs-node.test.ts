/** Sums of many elements on TensorFlow's library. */
import { skipWithoutTfjsNode, tfjsNode } from '../../test/tfjs-node.ts';
import { checkSums } from '../../test/sum-checks.ts';
import { tfjs } from '../tfjs.ts';

skipWithoutTfjsNode();
checkSums(async () => tfjs({ tf: await tfjsNode(), backend: 'tensorflow' }), 'blocks');
