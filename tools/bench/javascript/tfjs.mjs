// The solve on tfjs, by its own operations: every one is a kernel call.
import { tableau } from './dopri5.mjs';
import { loadTfjs } from './tfjs-backends.mjs';

/** The peer on a backend of tfjs: `cpu`, `wasm` or `node`. */
export async function peerOf(backend) {
  const { tf, versions } = await loadTfjs(backend);
  return { versions: () => versions, engineOf: (problem) => engineOf(tf, problem) };
}

/** The engine of `dopri5.mjs` for a problem. */
function engineOf(tf, { dynamics, task, rtol, atol }) {
  const after = { identity: (x) => x, tanh: tf.tanh, softplus: tf.softplus };
  const layers = dynamics.layers.map(({ weight, bias }) => [tf.tensor2d(weight), tf.tensor1d(bias)]);
  const names = [...layers.slice(1).map(() => dynamics.activation), dynamics.finalActivation];
  const field = (y) => {
    let x = y;
    for (let i = 1; i < dynamics.power; i++) x = tf.mul(x, y);
    return layers.reduce((z, [weight, bias], i) => after[names[i]](tf.add(tf.matMul(z, weight), bias)), x);
  };
  const combined = (weights, h, ks) =>
    ks.flatMap((k, i) => (weights[i] === 0 ? [] : [tf.mul(k, tf.scalar(h * weights[i]))]));
  const ratioOf = (x, size) => {
    const scale = tf.add(tf.mul(size, tf.scalar(rtol)), tf.scalar(atol));
    return Math.sqrt(tf.mean(tf.square(tf.div(x, scale))).dataSync()[0]);
  };
  return {
    start: () => tf.tensor2d(task.y0),
    slope: (y) => tf.tidy(() => field(y)),
    shifted: (y, h, k) => tf.tidy(() => tf.add(y, tf.mul(k, tf.scalar(h)))),
    scaled: (x, y, minus) => tf.tidy(() => ratioOf(minus === undefined ? x : tf.sub(x, minus), tf.abs(y))),
    attempt: (y, k1, h) => {
      let ratio = NaN;
      const [y1, k7] = tf.tidy(() => {
        const ks = [k1];
        let stage = y;
        for (const weights of tableau.a) {
          stage = tf.addN([y, ...combined(weights, h, ks)]);
          ks.push(field(stage));
        }
        ratio = ratioOf(tf.addN(combined(tableau.error, h, ks)), tf.maximum(tf.abs(y), tf.abs(stage)));
        return [stage, ks[6]];
      });
      return { y: y1, k: k7, ratio };
    },
    free: (...arrays) => tf.dispose(arrays),
    read: (y) => y.dataSync(),
  };
}
