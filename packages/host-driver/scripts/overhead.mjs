// What the driver itself costs: solves on a device that answers at once with what it was asked before, so that nothing but the
// driver takes time. `node packages/host-driver/scripts/overhead.mjs`
import { performance } from 'node:perf_hooks';
import { fileURLToPath, URL } from 'node:url';
import { createServer, defaultServerConditions } from 'vite';

const server = await createServer({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true },
  ssr: { resolve: { conditions: ['@node-ode/source', ...defaultServerConditions] } },
});
const load = (path) => server.ssrLoadModule(path);

/** A device that plays back what a fake one gave. */
function playback(fake) {
  const value = { dispose: () => undefined };
  const answers = { runs: [], reads: [] };
  let at;
  const record = (list, x) => {
    list.push(x);
    return x;
  };
  const answer = (list, position) => (fake.fetchesWait ? Promise.resolve(list[position]) : list[position]);
  const keep = (outputs) => {
    answers.runs.push(outputs.map((output) => ('dispose' in output ? value : output)));
    return outputs;
  };
  const device = {
    ...fake,
    load: async (segment) => {
      const { run, release } = await fake.load(segment);
      return {
        release,
        run: (operands) => {
          if (at !== undefined) return answer(answers.runs, at.runs++);
          const outputs = run(operands);
          return 'then' in outputs ? outputs.then(keep) : keep(outputs);
        },
      };
    },
    toValue: (array) => (at === undefined ? fake.toValue(array) : value),
    toHost: async (x, type) =>
      at === undefined ? record(answers.reads, await fake.toHost(x, type)) : answers.reads[at.reads++],
  };
  return { device, answers, rewind: () => (at = { runs: 0, reads: 0 }) };
}

/** Microseconds of the fastest of many runs. */
async function fastest(run) {
  let best = Infinity;
  for (let i = 0; i < 40; i++) {
    const since = performance.now();
    for (let k = 0; k < 20; k++) await run();
    best = Math.min(best, (1000 * (performance.now() - since)) / 20);
  }
  return best;
}

try {
  const { adjoint } = await load('@node-ode/gradient-adjoint');
  const { backprop } = await load('@node-ode/gradient-backprop');
  const { fakeDevice } = await load('/test/fake-device.ts');
  const { solveAlone, trainingStep } = await load('/test/solves.ts');
  const { hostProgram } = await load('/src/index.ts');
  const cases = [
    ['a solve', () => solveAlone()],
    ['a training step, backprop', () => trainingStep(backprop())],
    ['a training step, adjoint', () => trainingStep(adjoint())],
  ];
  for (const [name, make] of cases) {
    for (const waits of [false, true]) {
      const fake = fakeDevice({ waits });
      const { graph, inputs } = make();
      const { device, answers, rewind } = playback(fake);
      const program = await hostProgram(graph, device);
      const given = inputs.map((input) => fake.toValue(input));
      fake.log.uploads = 0;
      await program.run(given);
      const { uploads } = fake.log;
      const { calls } = program.counters();
      const time = await fastest(async () => {
        rewind();
        await program.run(given);
      });
      const evaluations = Object.values(calls).reduce((sum, n) => sum + n, 0);
      const segments = answers.runs.length;
      console.log(
        `${name}, ${waits ? 'with' : 'without'} promises: ${time.toFixed(0)} µs for ${segments} segments ` +
          `(${(time / segments).toFixed(1)} µs each), ${uploads} uploads, ${answers.reads.length} reads, ${evaluations} evaluations`,
      );
    }
  }
} finally {
  await server.close();
}
