// Bundles for a browser, minified and gzipped by esbuild: what each may weigh. `npm run size` checks them.
const dist = (folder) => `packages/${folder}/dist/index.js`;
const core = { [dist('core')]: '{ createOde }' };
const usual = {
  [dist('core')]: '{ createOde, random, valueAndGrad }',
  [dist('backends/wasm')]: '{ wasm }',
  [dist('solvers/dopri5')]: '{ dopri5 }',
  [dist('gradients/adjoint')]: '{ adjoint }',
  [dist('nn')]: '{ adam, mlp, mse }',
};

const bundle = (name, imports, limit, ignore = []) => ({
  name,
  path: Object.keys(imports),
  import: imports,
  limit,
  gzip: true,
  ignore,
  // Node's part of the ONNX backend asks where it is; a page never gets there.
  modifyEsbuildConfig: (config) => ({ ...config, format: 'esm', logLevel: 'error' }),
});

export default [
  bundle('core alone', core, '55 kB'),
  bundle(
    'core, rk4, reference',
    { ...core, [dist('solvers/rk4')]: '{ rk4 }', [dist('backends/reference')]: '{ reference }' },
    '70 kB',
  ),
  bundle('core, dopri5, adjoint, wasm, nn: to train', usual, '130 kB'),
  bundle('the same with the export to ONNX', { ...usual, [dist('backends/onnx')]: '{ exportOnnx }' }, '185 kB', [
    'onnxruntime-node',
    'onnxruntime-web',
  ]),
];
