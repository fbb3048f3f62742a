// The solve on jax-js with its WebAssembly device: a step is one jitted function, the loop is JavaScript's.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { defaultDevice, init, jit, nn, numpy as np } from '@jax-js/jax';
import { tableau } from './dopri5.mjs';

const after = { identity: (x) => x, tanh: np.tanh, softplus: nn.softplus };

/** jax-js exports no package.json: it lies beside the folder of its entry point. */
const manifest = join(dirname(createRequire(import.meta.url).resolve('@jax-js/jax')), '..', 'package.json');

export const versions = () => ({ 'jax-js': JSON.parse(readFileSync(manifest, 'utf8')).version });

/** The engine of `dopri5.mjs` for a problem. An operation consumes its operands; `.ref` keeps one for another use. */
export async function engineOf({ dynamics, task, rtol, atol }) {
  const devices = await init('wasm');
  if (!devices.includes('wasm')) throw new Error(`jax-js has no wasm device here, only ${devices.join(', ')}`);
  defaultDevice('wasm');
  const matrix = (rows) => np.array(new Float32Array(rows.flat()), { shape: [rows.length, rows[0].length] });
  const params = dynamics.layers.map(({ weight, bias }) => [matrix(weight), np.array(new Float32Array(bias))]);
  const flatParams = params.flat();
  const names = [...params.slice(1).map(() => dynamics.activation), dynamics.finalActivation];
  const field = (flat, y) => {
    let x = y.ref;
    for (let i = 1; i < dynamics.power; i++) x = x.mul(y.ref);
    y.dispose();
    return names.reduce((z, name, i) => after[name](np.matmul(z, flat[2 * i].ref).add(flat[2 * i + 1].ref)), x);
  };
  const combined = (weights, ks) =>
    ks.flatMap((k, i) => (weights[i] === 0 ? [] : [k.ref.mul(weights[i])])).reduce((sum, term) => sum.add(term));
  const meanSquare = (x, size) => np.mean(np.square(x.div(size.mul(rtol).add(atol))));

  const slope = jit((flat, y) => field(flat, y));
  const shifted = jit((y, h, k) => y.add(h.mul(k)));
  const scaled = jit((x, y) => meanSquare(x, np.abs(y)));
  const difference = jit((x, y) => x.sub(y));
  const attempt = jit((flat, y, k1, h) => {
    const ks = [k1];
    let stage = y.ref;
    for (const weights of tableau.a) {
      stage.dispose();
      stage = y.ref.add(combined(weights, ks).mul(h.ref));
      ks.push(field(flat, stage.ref));
    }
    const error = combined(tableau.error, ks).mul(h);
    const size = np.maximum(np.abs(y), np.abs(stage.ref));
    return [stage, ks[6], meanSquare(error, size)];
  });
  const refs = () => flatParams.map((x) => x.ref);
  const number = (h) => np.array(new Float32Array([h]));
  const read = (x) => Math.sqrt(x.dataSync()[0]);
  return {
    start: () => matrix(task.y0),
    slope: (y) => slope(refs(), y.ref),
    shifted: (y, h, k) => shifted(y.ref, number(h), k.ref),
    scaled: (x, y, minus) => read(scaled(minus === undefined ? x.ref : difference(x.ref, minus.ref), y.ref)),
    attempt: (y, k1, h) => {
      const [y1, k7, square] = attempt(refs(), y.ref, k1.ref, number(h));
      return { y: y1, k: k7, ratio: read(square) };
    },
    free: (...arrays) => arrays.forEach((x) => x.dispose()),
    read: (y) => y.ref.dataSync(),
  };
}
