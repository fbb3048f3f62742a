/**
 * What a worker runs, as text: it is started from there in every host, bundled or not, without a file to be found.
 *
 * Its messages are `{ shared, memory, thread }`, first of all, `{ number, module, jobs }` for a module to load, and `{ number }`
 * for one to forget; it answers each with what went wrong, or nothing. In between it does parts of jobs, or waits for them in
 * `Atomics.wait`, without turns of its event loop: the word `messages` tells it to make one.
 */
import { words } from './words.ts';

/** How long a thread without work keeps looking for it before it lets the system wake it up, which takes longer. */
const spinMilliseconds = 0.1;

export const workerSource = `'use strict';
const port = typeof require === 'function' ? require('node:worker_threads').parentPort : self;
const modules = new Map();
let words, memory, thread;
let received = 0;

port.onmessage = ({ data }) => {
  received++;
  let problem;
  try {
    if (data.shared !== undefined) start(data);
    else if (data.module !== undefined) load(data);
    else modules.delete(data.number);
  } catch (error) {
    problem = String(error);
  }
  port.postMessage(problem);
  if (words !== undefined) serve();
};
port.onmessageerror = () => port.postMessage('shared memory can not be sent to workers');

function start(data) {
  words = new Int32Array(data.shared);
  ({ memory, thread } = data);
}

function load({ number, module, jobs }) {
  const share = () => {
    throw new Error('a part of a job shares nothing');
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, share } });
  modules.set(number, Array.from({ length: jobs }, (_, job) => exports['job' + job]));
}

function serve() {
  while (Atomics.load(words, ${words.messages}) === received) {
    const signal = Atomics.load(words, ${words.signal});
    doParts();
    waitForChange(signal);
  }
}

function doParts() {
  for (;;) {
    const remaining = Atomics.load(words, ${words.remaining});
    if (remaining === 0) return;
    // The job may be another than a moment ago. It stays the present one from here on, until this part is done.
    if (Atomics.compareExchange(words, ${words.remaining}, remaining, remaining - 1) !== remaining) continue;
    try {
      modules.get(words[${words.module}])[words[${words.job}]](words[${words.parts}] - remaining, thread);
    } catch {
      Atomics.store(words, ${words.failed}, 1);
    }
    if (Atomics.sub(words, ${words.unfinished}, 1) === 1) Atomics.notify(words, ${words.unfinished});
  }
}

function waitForChange(signal) {
  const until = performance.now() + ${spinMilliseconds};
  do {
    for (let i = 0; i < 100; i++) if (Atomics.load(words, ${words.signal}) !== signal) return;
  } while (performance.now() < until);
  Atomics.add(words, ${words.sleepers}, 1);
  Atomics.wait(words, ${words.signal}, signal);
  Atomics.sub(words, ${words.sleepers}, 1);
}
`;
