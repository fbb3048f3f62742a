/** What the page offers to the runner: functions of names alone, because backends and cases can't cross into a page. */
import type { About, Unavailable } from '../backends.ts';
import type { Outcome } from '../run-case.ts';

export interface PageApi {
  /** Opens a backend; tells what it says of itself. */
  open(name: string): Promise<Unavailable | About>;
  /** Runs the case of that title on a backend that is open. */
  run(name: string, title: string): Promise<Outcome>;
  dispose(name: string): Promise<void>;
}

declare global {
  var e2ePage: PageApi;
}
