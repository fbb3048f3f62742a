/** The words of memory through which threads find their work, as indices into an array of i32. */

/** Words that different threads write lie in different lines of the cache. */
const line = 16;

export const words = {
  /** Parts of the present job that nobody has taken. Who takes one away with compareExchange, has it to do. */
  remaining: 0,
  /** Parts of the present job that are not done. While there are any, the next words stay as they are. */
  unfinished: line,
  /** The present job: the module's number, the job's number in it, and how many parts it has. */
  module: 2 * line,
  job: 2 * line + 1,
  parts: 2 * line + 2,
  /** Changes when there is something to do. Threads that have nothing to do wait for it. */
  signal: 3 * line,
  /** How many threads are waiting, or about to. */
  sleepers: 4 * line,
  /** How many messages every worker was sent: one that has read fewer goes to its event loop. */
  messages: 5 * line,
  /** Whether a part stopped in a worker. */
  failed: 6 * line,
} as const;

export const wordCount = 7 * line;
