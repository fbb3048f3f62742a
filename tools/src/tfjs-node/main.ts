/** `npm run tfjs-node`: installs tfjs-node, or its CUDA build, beside the workspace, and tells what is there. */
import { NodeOdeError, OptionError } from '@node-ode/core';
import { installTfjsNode } from './install.ts';
import { parseCommand, usage } from './options.ts';

const stop = new AbortController();
// `once` would leave the second signal, which npm sends after the terminal's own, to end the process before it has tidied up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}

try {
  const { build, source, help } = parseCommand(process.argv.slice(2));
  if (help) console.log(usage);
  else {
    const tell = (line: string): void => console.error(line);
    const installed = await installTfjsNode(build, { source, signal: stop.signal, tell });
    const { folder, megabytes, package: version, tensorflow, isUsingGpu } = installed;
    console.log(`@tensorflow/${build} ${version}, libtensorflow ${tensorflow}, on the ${isUsingGpu ? 'GPU' : 'CPU'}`);
    console.log(`${folder}, ${megabytes} MB`);
    console.log(`Tests and \`npm run e2e -- --backend ${build}\` find it there.`);
  }
} catch (error) {
  console.error(error instanceof NodeOdeError ? error.message : error);
  process.exitCode = stop.signal.aborted ? 130 : error instanceof OptionError ? 2 : 1;
}
