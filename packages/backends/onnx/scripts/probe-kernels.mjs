// Asks an execution provider of onnxruntime-node for every operator that lowering emits, and prints what it has and where
// src/lower/kernels.ts says otherwise: `node packages/backends/onnx/scripts/probe-kernels.mjs webgpu`. Without a GPU, set VK_ICD_FILENAMES
// and LD_LIBRARY_PATH to SwiftShader's (docs/engines.md).
import { fileURLToPath, URL } from 'node:url';
import { createServer, defaultServerConditions } from 'vite';

const provider = process.argv[2] ?? 'cpu';
const server = await createServer({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true },
  ssr: { resolve: { conditions: ['@node-ode/source', ...defaultServerConditions] } },
});
try {
  const { elementTypes, kernels, probeModel } = await server.ssrLoadModule('/test/probe-models.ts');
  const { openSession } = await server.ssrLoadModule('/test/run-graph.ts');
  const { hasKernel } = await server.ssrLoadModule('/src/lower/kernels.ts');
  const loads = async (kernel, type) => {
    try {
      const session = await openSession(probeModel(kernel, type), provider);
      await session.release();
      return true;
    } catch {
      return false;
    }
  };
  let differences = 0;
  for (const kernel of kernels) {
    const found = [];
    for (const type of elementTypes) if (await loads(kernel, type)) found.push(type);
    const wrong = elementTypes.filter((type) => found.includes(type) !== hasKernel(provider, kernel, type));
    differences += wrong.length;
    const note = wrong.length > 0 ? `  kernels.ts differs: ${wrong.join(' ')}` : '';
    console.log(`${kernel.padEnd(20)}${found.join(' ')}${note}`);
  }
  console.log(`${provider}: ${kernels.length} operators, ${differences} differences from kernels.ts`);
  if (differences > 0) process.exitCode = 1;
} finally {
  await server.close();
}
