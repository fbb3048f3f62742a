/** The worker's entry point. */
import { drawFile } from './draw-file.ts';
import type { Post, Request } from './protocol.ts';
import { session } from './session.ts';

const post: Post = (report, transfer = []) => {
  globalThis.postMessage(report, { transfer: [...transfer] });
};
const train = session(post);

globalThis.addEventListener('message', ({ data: request }: MessageEvent<Request>) => {
  if (request.type === 'file') void drawFile(request.bytes, request.window).then((report) => post(report));
  else train(request);
});
