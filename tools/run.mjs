// `node tools/run.mjs TSCONFIG ENTRY [ARGUMENT…]` builds a TypeScript project with what it references, then becomes its entry point.
// The entry point runs in this very process: its arguments, its exit code and Ctrl-C are its own.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Ctrl-C reaches a process under npm twice, from the terminal and from npm: lets the first through. */
const hearSignalsOnce = () => {
  const emit = process.emit;
  const heard = new Map();
  process.emit = function (event, ...args) {
    if (event === 'SIGINT' || event === 'SIGTERM') {
      const now = Date.now();
      if (now - (heard.get(event) ?? 0) < 250) return true;
      heard.set(event, now);
    }
    return emit.call(this, event, ...args);
  };
};

const [project, entry, ...args] = process.argv.slice(2);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
console.error('Building …');
const build = spawnSync(process.execPath, [tsc, '-b', project], { stdio: 'inherit' });

if (build.status === 0) {
  hearSignalsOnce();
  const main = resolve(entry);
  process.argv = [process.execPath, main, ...args];
  await import(pathToFileURL(main).href);
} else {
  process.exitCode = build.status ?? 1;
}
