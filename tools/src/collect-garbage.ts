/** Garbage collection on demand. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects until `isDone`, for at most five seconds: finalizers run when V8 finds the time. */
export async function collectGarbage(isDone: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 500 && !isDone(); i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
