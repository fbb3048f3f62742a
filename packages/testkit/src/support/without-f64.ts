/** An engine without f64, made of one that has it: what the suites meet on engines such as tfjs. */
import { subgraphsOf, UnsupportedError, type Backend, type Graph, type Value } from '@node-ode/core';

const refuse = (operation: string, what: string): never => {
  throw new UnsupportedError(operation, `${what} in f64`, { expected: 'f32, i32 or bool' });
};

function demandNoF64(graph: Graph): void {
  const inDouble = ({ type }: Value): boolean => (type.kind === 'tape' ? type.element : type).dtype === 'f64';
  const values = [...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs)];
  if (values.some(inDouble)) refuse('compile', `graph '${graph.name}' has a value`);
  graph.nodes.flatMap(subgraphsOf).forEach(demandNoF64);
}

/** The same engine, which says that it has no f64 and refuses graphs and arrays that have. */
export const withoutF64 = (engine: Backend): Backend => ({
  ...engine,
  name: `${engine.name} without f64`,
  capabilities: { ...engine.capabilities, dtypes: engine.capabilities.dtypes.filter((dtype) => dtype !== 'f64') },
  compile: async (graph) => {
    demandNoF64(graph);
    return engine.compile(graph);
  },
  upload: async (array) => (array.dtype === 'f64' ? refuse('upload', 'an array') : engine.upload(array)),
});
