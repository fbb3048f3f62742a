/** A graph on a backend, from host to host. */
import { lower, type Backend, type Graph, type HostArray } from '@node-ode/core';

/** Compiles a graph, its composites decomposed as the backend wishes, and runs it once. */
export async function runGraph(
  backend: Backend,
  graph: Graph,
  inputs: readonly HostArray[],
): Promise<readonly HostArray[]> {
  const executable = await backend.compile(lower(graph, new Set(backend.capabilities.composites)));
  const uploaded = await Promise.all(inputs.map((input) => backend.upload(input)));
  const outputs = await executable.run(uploaded);
  const results = await Promise.all(outputs.map((output) => output.read()));
  for (const array of [...uploaded, ...outputs]) array.dispose();
  executable.dispose();
  return results;
}
