// This package's sources, and its siblings', loaded without a build.
import { fileURLToPath, URL } from 'node:url';
import { createServer, defaultServerConditions } from 'vite';

const server = await createServer({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true },
  ssr: { resolve: { conditions: ['@node-ode/source', ...defaultServerConditions] } },
});

/** A module by its path in this package (`/src/onnx.ts`) or by the name of a package. */
export const load = (path) => server.ssrLoadModule(path);

/** Lets the process end. */
export const close = () => server.close();
