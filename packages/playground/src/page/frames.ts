/** One drawing for each frame of the screen in which something changed. */

/** Draws at the next frame; asked again before that, once. */
export interface Frames {
  request(): void;
}

declare global {
  /** Frames that were drawn since the page was opened, for measurements. */
  var playgroundFrames: number;
}

/** Calls `draw` with the time of a frame whenever one was requested; it says whether the next one is needed as well. */
export function framesOf(draw: (milliseconds: number) => boolean): Frames {
  let isRequested = false;
  globalThis.playgroundFrames = 0;
  const request = (): void => {
    if (isRequested) return;
    isRequested = true;
    requestAnimationFrame((now) => {
      isRequested = false;
      globalThis.playgroundFrames += 1;
      if (draw(now)) request();
    });
  };
  return { request };
}
