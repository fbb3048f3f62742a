/** For tests: files over HTTP on the loopback. */
import { createServer } from 'node:http';
import { basename } from 'node:path';

/** A server of what is offered, by file names; it notes what was requested. */
export function fileServer() {
  const offered = new Map<string, Buffer>();
  const requested: string[] = [];
  const server = createServer((request, response) => {
    const name = basename(request.url ?? '');
    requested.push(name);
    const bytes = offered.get(name);
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  });
  return {
    offered,
    requested,
    /** Gives the address of the files' folder. */
    start: async (): Promise<string> => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}/files/`;
    },
    stop: (): Promise<void> => new Promise((resolve) => server.close(() => resolve())),
  };
}
