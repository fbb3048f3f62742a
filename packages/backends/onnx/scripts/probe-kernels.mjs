// Asks an execution provider of onnxruntime-node for every operator that lowering emits, and prints what it has and where
// src/lower/kernels.ts says otherwise: `node packages/backends/onnx/scripts/probe-kernels.mjs webgpu`. Without a GPU, set VK_ICD_FILENAMES
// and LD_LIBRARY_PATH to SwiftShader's (docs/engines.md).
import { close, load } from './source.mjs';

const provider = process.argv[2] ?? 'cpu';
try {
  const { elementTypes, kernels, probeModel } = await load('/test/probe-models.ts');
  const { openSession } = await load('/test/run-graph.ts');
  const { hasKernel } = await load('/src/lower/kernels.ts');
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
  await close();
}
