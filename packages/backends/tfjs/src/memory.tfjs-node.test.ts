/** Nothing is left in TensorFlow's library. */
import { checkMemory, type MeasuredModule } from '../test/memory-checks.ts';
import { skipWithoutTfjsNode, tfjsNode } from '../test/tfjs-node.ts';

skipWithoutTfjsNode();
checkMemory('tensorflow', async () => {
  const tf = await tfjsNode();
  if (!isMeasured(tf)) throw new Error('tfjs-node has no tf.memory()');
  return tf;
});

const isMeasured = (tf: object): tf is MeasuredModule => 'memory' in tf && 'setBackend' in tf;
