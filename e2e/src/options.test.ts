// The command line: what each option means, and what is refused.
import { describe, expect, it } from 'vitest';
import { parseCommand } from './options.ts';

describe('the options of the browser', () => {
  it('are absent in Node', () => {
    expect(parseCommand([]).browser).toBeUndefined();
  });

  it('have defaults', () => {
    expect(parseCommand(['--browser']).browser).toEqual({ chromium: undefined, answerWithinMs: 120_000 });
  });

  it('say which browser, and how long to wait', () => {
    const args = ['--browser', '--backend', 'reference', '--chromium', '/opt/chromium', '--timeout', '1.5'];
    expect(parseCommand(args)).toMatchObject({
      backends: ['reference'],
      browser: { chromium: '/opt/chromium', answerWithinMs: 1500 },
    });
  });

  it('are refused without a browser, where they would do nothing', () => {
    expect(() => parseCommand(['--chromium', '/opt/chromium'])).toThrow('--chromium without --browser');
    expect(() => parseCommand(['--timeout', '5'])).toThrow('--timeout without --browser');
  });

  it.each(['0', '-1', 'soon', '', ' ', 'Infinity', '1e7'])('refuse to wait for %j seconds', (text) => {
    expect(() => parseCommand(['--browser', `--timeout=${text}`])).toThrow(/--timeout '.*'; expected seconds/);
  });
});
