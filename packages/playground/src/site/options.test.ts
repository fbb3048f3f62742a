import { describe, expect, it } from 'vitest';
import { parseCommand } from './options.ts';

describe('npm run playground', () => {
  it('builds and serves by default', () => {
    expect(parseCommand([])).toEqual({ build: false, out: 'output/playground', port: 4173, help: false });
    expect(parseCommand(['--build', '--out', 'site', '--port', '0'])).toEqual({
      build: true,
      out: 'site',
      port: 0,
      help: false,
    });
  });

  it.each([
    [['--port', 'x'], "--port 'x'; expected an integer from 0 to 65535"],
    [['--port', '70000'], 'expected an integer from 0 to 65535'],
    [['--out', ''], '--out without a folder'],
    [['--serve'], "Unknown option '--serve'"],
    [['folder'], "Unexpected argument 'folder'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(message);
    expect(() => parseCommand(args)).toThrow('See --help');
  });
});
