/** `npm run bench`: see `runner.ts`. */
import { setMaxListeners } from 'node:events';
import { main } from './runner.ts';

const controller = new AbortController();
// Each worker listens.
setMaxListeners(0, controller.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first one ends the workers and reports what there is; a second one does not wait.
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
}
process.exitCode = await main(process.argv.slice(2), {
  log: (text) => console.log(text),
  error: (text) => console.error(text),
  signal: controller.signal,
});
