/** The Chromium of this machine: playwright-core brings none. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { OptionError } from '@node-ode/core';
import { chromium, type Browser } from 'playwright-core';

/** Environment variables that may name the executable, first to last. */
const variables = ['CHROME_PATH', 'PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH'] as const;

/** What the executable is called on PATH, first to last. */
const commands = ['chromium', 'chromium-browser', 'google-chrome'] as const;

const advice = `Install one (on Debian: apt-get install chromium), or name its executable by --chromium PATH or ${variables.join(' or ')}.`;

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Executables that were asked for, the one that counts first: where from, and their paths. */
const named = (given: string | undefined, env: NodeJS.ProcessEnv): readonly (readonly [string, string])[] =>
  [['--chromium', given] as const, ...variables.map((name) => [name, env[name]] as const)].flatMap(([from, path]) =>
    path === undefined || path === '' ? [] : [[from, path] as const],
  );

/**
 * The browser's executable: the one given, else what the environment names, else the first on PATH.
 *
 * @throws OptionError if there is none, or if the one that is named can't be run.
 */
export async function findChromium(given?: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const [first] = named(given, env);
  if (first !== undefined) {
    const [from, path] = first;
    if (await isExecutable(path)) return path;
    throw new OptionError('e2e --browser', `${from} is '${path}'`, { expected: 'an executable file', advice });
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of commands.flatMap((command) => folders.map((folder) => join(folder, command)))) {
    if (await isExecutable(path)) return path;
  }
  throw new OptionError('e2e --browser', 'no Chromium on this machine', {
    expected: `${commands.slice(0, -1).join(', ')} or ${commands.at(-1) ?? ''} on PATH`,
    advice,
  });
}

/**
 * Starts a browser without a window.
 *
 * @throws OptionError if the executable starts no browser.
 */
export async function launchChromium(executablePath: string): Promise<Browser> {
  try {
    // Chromium refuses to start as root in its sandbox. WebGPU is off on Linux unless it is asked for; where there is no GPU
    // it is SwiftShader's, which Chromium brings.
    return await chromium.launch({
      executablePath,
      chromiumSandbox: process.getuid?.() !== 0,
      args: ['--enable-unsafe-webgpu', '--enable-features=Vulkan'],
    });
  } catch (cause) {
    throw new OptionError('e2e --browser', `${executablePath} does not start (${whatBrowserSaid(cause)})`, {
      advice,
      cause,
    });
  }
}

/** What the browser wrote as an error, out of playwright's long account of the attempt; else how that begins. */
function whatBrowserSaid(error: unknown): string {
  const message = stripVTControlCharacters(error instanceof Error ? error.message : String(error));
  const written = [...message.matchAll(/\[err\] (.+)/g)].map(([, line = '']) => line.trim());
  return written.length === 0 ? message.split('\n', 1).join('') : [...new Set(written)].join(' ');
}
