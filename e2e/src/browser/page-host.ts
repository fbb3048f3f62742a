/** A page of a browser as a host. Whatever becomes of the page, each question to it ends in bounded time. */
import { ExecutionError } from '@node-ode/core';
import type { Browser } from 'playwright-core';
import { titleOf } from '../cases/case.ts';
import { isUnavailable, type About } from '../backends.ts';
import type { Host } from '../host.ts';
import type { BrowserOptions } from '../options.ts';
import { bundleForBrowser, pageEntry } from './bundle.ts';
import { findChromium, launchChromium } from './chromium.ts';
import './page-api.ts';
import { documentOf, openServed } from './served-files.ts';

/** How a page is used. */
export interface PageOptions {
  /** The module that the page runs: it sets `globalThis.e2ePage`. */
  readonly script: string;
  /** Longest wait for one answer, in milliseconds. */
  readonly answerWithinMs: number;
}

/** Longest wait for the page to be there, which is no case's time. */
const startWithinMs = 30_000;

/** A host in the Chromium of this machine, started for it. */
export async function browserHost({ chromium, answerWithinMs }: BrowserOptions): Promise<Host> {
  const executable = await findChromium(chromium);
  const script = await bundleForBrowser(pageEntry);
  return pageHost(await launchChromium(executable), { script, answerWithinMs });
}

/** A host in a new page of a browser, which it closes at its end. */
export async function pageHost(browser: Browser, { script, answerWithinMs }: PageOptions): Promise<Host> {
  const errors: string[] = [];
  let doing = 'start';
  let lost: string | undefined;
  const page = await within(startWithinMs, browser.newPage());
  page.on('pageerror', (error) => errors.push(`${doing}: ${String(error)}`));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${doing}: ${message.text()}`);
  });

  /** Has the page do something. Once it has not answered, it is asked no more. */
  async function ask<T>(what: string, question: () => Promise<T>, limitMs = answerWithinMs): Promise<T> {
    if (lost !== undefined) throw new ExecutionError('e2e --browser', `the page was lost at '${lost}'`);
    doing = what;
    try {
      return await within(limitMs, question());
    } catch (error) {
      lost = what;
      errors.push(`${what}: ${reasonOf(error)}`);
      throw error;
    }
  }

  const files = { '/': documentOf('page.js'), '/page.js': { contentType: 'text/javascript', body: script } };
  await ask('start', () => openServed(page, files), startWithinMs).catch(() => undefined); // `errors` has it, and nothing more is asked

  return {
    async open(name) {
      let about: About;
      try {
        const opened = await ask(`open ${name}`, () => page.evaluate((n) => globalThis.e2ePage.open(n), name));
        if (isUnavailable(opened)) return opened;
        about = opened;
      } catch (error) {
        return { name, reason: reasonOf(error) };
      }
      return {
        about,
        async run(c) {
          const title = titleOf(c);
          try {
            return await ask(title, () =>
              page.evaluate(([n, t]) => globalThis.e2ePage.run(n, t), [name, title] as const),
            );
          } catch (error) {
            return { title, backend: name, result: 'failed', reason: reasonOf(error) };
          }
        },
        dispose: () =>
          ask(`dispose ${name}`, () => page.evaluate((n) => globalThis.e2ePage.dispose(n), name)).catch(
            () => undefined, // `errors` has it
          ),
      };
    },
    async close() {
      // A rejection that nobody handled is reported a task later.
      if (lost === undefined) await ask('end', () => page.evaluate(nextTask)).catch(() => undefined);
      await browser.close();
      return errors;
    },
  };
}

const nextTask = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @throws ExecutionError if there is no answer in time. */
async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ExecutionError('e2e --browser', `the page gave no answer within ${milliseconds / 1000} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
