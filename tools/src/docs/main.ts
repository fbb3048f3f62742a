/** `npm run docs`: makes the documentation site, and serves it. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeOdeError, OptionError } from '@node-ode/core';
import { integerOf, parseOptions, pathOf } from '@node-ode/scripts';
import { preview } from 'vite';
import { makeSite } from './site.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const command = 'npm run docs';
const help = `npm run docs -- [options]

Makes the documentation site: the guide, every package's README and its API, with search. A broken link ends it with exit code 1.

  --out DIR   where it goes, output/docs by default
  --serve     serves it afterwards, until Ctrl-C
  --port N    where it is served, 4180 by default
  --help      prints this`;

const options = {
  out: { type: 'string', default: join(root, 'output/docs') },
  serve: { type: 'boolean', default: false },
  port: { type: 'string', default: '4180' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The folder is emptied before the site is written: it has to be new, empty, or an earlier site. */
function requireOurs(folder: string): void {
  if (!existsSync(folder) || existsSync(join(folder, 'assets', 'navigation.js'))) return;
  if (readdirSync(folder).length > 0)
    throw new OptionError(command, `--out ${folder} holds other things`, {
      expected: 'a new folder, or an earlier site',
    });
}

async function main(): Promise<number> {
  const { out: folder, serve, port: text, help: asked } = parseOptions(command, process.argv.slice(2), options);
  const out = resolve(pathOf(command, 'out', folder));
  const port = integerOf(command, 'port', text, { min: 0, max: 65535 });
  if (asked) {
    console.log(help);
    return 0;
  }
  requireOurs(out);
  const { modules, pages, warnings } = await makeSite(root, out);
  console.log(`${modules} modules, ${pages} pages in ${relative(process.cwd(), out)}/index.html`);
  if (warnings > 0) {
    console.error(`${warnings} warnings, above: mend the links and comments that they name.`);
    return 1;
  }
  if (serve) {
    const server = await preview({
      root: dirname(out),
      configFile: false,
      appType: 'mpa', // a page that is not there is 404
      build: { outDir: basename(out) },
      preview: { port },
    });
    console.log(`Serving ${server.resolvedUrls?.local[0] ?? ''} until Ctrl-C`);
  }
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof NodeOdeError ? error.message : error);
  return error instanceof OptionError ? 2 : 1;
});
