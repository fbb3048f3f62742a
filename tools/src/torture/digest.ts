/** What a checkpoint says of training, in one word: clocks are left out, since no two runs take the same time. */
import { createHash } from 'node:crypto';
import type { Checkpoint } from '@node-ode/train';

/** The same for two checkpoints if, and only if, training goes on from both in the same way, bit for bit. */
export function digestOf({ step, epoch, batch, random, state, history }: Checkpoint): string {
  const hash = createHash('sha256').update(JSON.stringify([step, epoch, batch, random]));
  for (const [path, { dtype, shape, data }] of [...state].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([path, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.update(Float64Array.from(history['loss'] ?? [])).digest('hex');
}
