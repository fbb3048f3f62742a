// tfjs with a backend, ready to use.
import { createRequire } from 'node:module';

const workspace = createRequire(import.meta.url);

const versionIn = (require, name) => require(`@tensorflow/${name}/package.json`).version;

/** A backend in JavaScript or WebAssembly, as a package of its own. */
async function ofPackage(backend) {
  const tf = await import('@tensorflow/tfjs-core');
  const name = `tfjs-backend-${backend}`;
  await import(`@tensorflow/${name}`);
  return { tf, versions: { [name]: versionIn(workspace, name) } };
}

/** TensorFlow's library, from the folder that the runner found it in. */
async function ofNode() {
  const folder = process.env.NODE_ODE_TFJS_NODE_FOLDER;
  if (folder === undefined) throw new Error('@tensorflow/tfjs-node is not installed: see `npm run tfjs-node`');
  const require = createRequire(`${folder}/package.json`);
  return { tf: require('@tensorflow/tfjs-node'), versions: { 'tfjs-node': versionIn(require, 'tfjs-node') } };
}

/** tfjs on `cpu`, `wasm` or `node`, with the versions of what computes. */
export async function loadTfjs(backend) {
  const loaded = await (backend === 'node' ? ofNode() : ofPackage(backend));
  const name = backend === 'node' ? 'tensorflow' : backend;
  if (!(await loaded.tf.setBackend(name))) throw new Error(`tfjs's backend '${name}' does not start here`);
  return loaded;
}
