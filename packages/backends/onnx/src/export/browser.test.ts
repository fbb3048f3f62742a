// Exported files run unchanged by plain onnxruntime-web, in a page of headless Chromium. Skipped where there is none.
import type { HostArray } from '@node-ode/core';
import { documentOf, findChromium, launchChromium, openServed } from '@node-ode/e2e/browser';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exportedModels, type ExportedModel } from '../../test/exported-models.ts';

type Browser = Awaited<ReturnType<typeof launchChromium>>;

const chromium = await findChromium().then(
  (path) => ({ path, missing: undefined }),
  (error: unknown) => ({ path: '', missing: String(error) }),
);

beforeEach(({ skip }) => {
  skip(chromium.missing !== undefined, chromium.missing);
});

let browser: Browser | undefined;
beforeAll(async () => {
  if (chromium.missing === undefined) browser = await launchChromium(chromium.path);
});
afterAll(() => browser?.close());

/** A tensor that can cross into a page. */
interface Plain {
  readonly type: 'float32' | 'float64' | 'int32' | 'bool';
  readonly data: readonly number[];
  readonly dims: readonly number[];
}

const types = { f32: 'float32', f64: 'float64', i32: 'int32', bool: 'bool' } as const;

const plain = ({ data, shape, dtype }: HostArray): Plain => ({ type: types[dtype], data: [...data], dims: shape });

type Named<T> = Readonly<Record<string, T>>;

declare global {
  /** What the page's script does. */
  var runModel: (runs: readonly Named<Plain>[]) => Promise<readonly Named<Plain>[]>;
}

/** The page: what anyone would write who has the file and onnxruntime-web, and nothing of this library. */
const script = `
import * as ort from 'onnxruntime-web';

globalThis.runModel = async (runs) => {
  const session = await ort.InferenceSession.create('/model.onnx', { executionProviders: ['wasm'] });
  const results = [];
  for (const inputs of runs) {
    const feeds = {};
    for (const [name, { type, data, dims }] of Object.entries(inputs)) feeds[name] = new ort.Tensor(type, data, dims);
    const outputs = {};
    for (const [name, { type, data, dims }] of Object.entries(await session.run(feeds))) {
      outputs[name] = { type, data: Array.from(data), dims };
    }
    results.push(outputs);
  }
  return results;
};`;

/** What onnxruntime-web gives for each run of the model. */
async function inPage({ file, runs }: ExportedModel): Promise<readonly Named<Plain>[]> {
  const page = await (browser as Browser).newPage();
  try {
    await openServed(page, {
      '/': documentOf('page.js'),
      '/page.js': { contentType: 'text/javascript', body: script },
      '/model.onnx': { contentType: 'application/octet-stream', body: Buffer.from(file) },
    });
    const feeds = runs.map(({ inputs }) =>
      Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, plain(array)])),
    );
    return await page.evaluate((given) => globalThis.runModel(given), feeds);
  } finally {
    await page.close();
  }
}

describe('in Chromium, by onnxruntime-web', () => {
  it('every exported file gives what the reference engine gives', async () => {
    for (const model of await exportedModels()) {
      const results = await inPage(model);
      expect(results).toHaveLength(model.runs.length);
      model.runs.forEach(({ outputs, tolerance }, i) => {
        for (const [name, expected] of Object.entries(outputs)) {
          const actual = results[i]?.[name];
          expect(actual?.dims, `${model.name}, ${name}`).toEqual(expected.shape);
          const worst = [...expected.data].reduce(
            (most, e, k) => Math.max(most, Math.abs((actual?.data[k] ?? NaN) - e) / Math.max(1, Math.abs(e))),
            0,
          );
          expect(worst, `${model.name}, ${name}`).toBeLessThanOrEqual(expected.dtype === 'i32' ? 0 : tolerance);
        }
      });
    }
  }, 120_000);
});
