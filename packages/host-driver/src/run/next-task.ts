/** Letting the event loop turn. */

/** Waits until the event loop has turned: timers, input and signals have had their chance. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    // Browsers delay nested timers by 4 ms; messages they don't.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Node's, where there is one. */
declare const setImmediate: ((callback: () => void) => unknown) | undefined;
