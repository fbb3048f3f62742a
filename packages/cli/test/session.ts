/** The command line as tests use it: in a folder of its own, its streams captured. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { run } from '../src/run.ts';

/** What a command left behind. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder, and commands that are run in it. */
export interface Session {
  readonly folder: string;
  /** Writes a file there. */
  file(name: string, content: string): Promise<void>;
  /** Runs `node-ode` there. */
  run(args: readonly string[], stdin?: string): Promise<Ended>;
  end(): Promise<void>;
}

function capture(): { readonly stream: Writable; readonly text: () => string } {
  const parts: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      parts.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => parts.join('') };
}

/** A new folder; where a test has installed nothing there, plugins are those of this workspace, from source. */
export async function startSession(): Promise<Session> {
  const folder = await mkdtemp(join(tmpdir(), 'node-ode-'));
  return {
    folder,
    file: async (name, content) => {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    },
    run: async (args, stdin = '') => {
      const [stdout, stderr] = [capture(), capture()];
      const code = await run(args, {
        stdin: Readable.from([stdin]),
        stdout: stdout.stream,
        stderr: stderr.stream,
        cwd: folder,
        env: {},
        signal: new AbortController().signal,
        conditions: ['@node-ode/source', 'node', 'import'],
      });
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    },
    end: () => rm(folder, { recursive: true }),
  };
}
