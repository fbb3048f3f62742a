import { describe, expect, it } from 'vitest';
import { irVersion, opset, type Attribute, type OnnxGraph, type OnnxModel, type OnnxTensor } from '../model/ir.ts';
import { planSizes, type Sizes } from './extents.ts';
import { mergeSizes } from './merge-sizes.ts';

const plan = planSizes({ batch: [11, 13, 17] });
const sources = [{ name: 'batch', input: 'x', axis: 0 }];
const ints = (...values: readonly number[]): OnnxTensor => ({
  elementType: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const floats = (dims: readonly number[], ...values: readonly number[]): OnnxTensor => ({
  elementType: 'float',
  dims,
  data: new Float32Array(values),
});

/** A model of a float input x[batch, 2] with one result of a given shape. */
function model(
  batch: number,
  constants: Readonly<Record<string, OnnxTensor>>,
  nodes: readonly (readonly [op: string, inputs: readonly string[], output: string])[],
  shape: readonly number[] = [batch, 2],
  attributes: Readonly<Record<string, Attribute>> = {},
): OnnxModel {
  const graph: OnnxGraph = {
    name: 'main',
    inputs: [{ name: 'x', elementType: 'float', dims: [batch, 2] }],
    outputs: [{ name: nodes.at(-1)?.[2] ?? 'x', elementType: 'float', dims: shape }],
    initializers: Object.entries(constants).map(([name, tensor]) => ({ name, tensor, origin: 'constant' })),
    nodes: nodes.map(([opType, inputs, output]) => ({
      opType,
      inputs,
      outputs: [output],
      attributes,
      origin: opType.toLowerCase(),
    })),
  };
  return { graph, opset, irVersion, metadata: {} };
}

const merge = (at: (batch: number, sizes: Sizes) => OnnxModel): OnnxGraph =>
  mergeSizes(
    plan,
    plan.points.map((sizes) => at(sizes['batch'] ?? NaN, sizes)),
    sources,
  ).graph;
const nodesOf = (graph: OnnxGraph): readonly string[] =>
  graph.nodes.map(({ opType, inputs, outputs }) => `${outputs.join()} = ${opType}(${inputs.join()})`);
const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return String(error);
  }
  return 'nothing was thrown';
};

describe('models that are the same at every size', () => {
  const graph = merge((batch) => model(batch, { two: floats([], 2) }, [['Mul', ['x', 'two'], 'y']]));

  it('stay as they are, with the extents named', () => {
    expect(nodesOf(graph)).toEqual(['y = Mul(x,two)']);
    expect(graph.inputs[0]?.dims).toEqual(['batch', 2]);
    expect(graph.outputs[0]?.dims).toEqual(['batch', 2]);
    expect(graph.initializers.map(({ name }) => name)).toEqual(['two']);
  });

  it('one size is one model', () => {
    const only = model(3, {}, [['Neg', ['x'], 'y']]);
    expect(mergeSizes(planSizes({}), [only], [])).toBe(only);
  });
});

describe('integers that follow an extent', () => {
  it('are computed from the shape of the input, once', () => {
    const graph = merge((batch) =>
      model(
        batch,
        { a: ints(batch, 2, 1), b: ints(2 * batch), c: ints(2) },
        [
          ['Reshape', ['x', 'a'], 'u'],
          ['Reshape', ['u', 'b'], 'v'],
          ['Reshape', ['x', 'b'], 'w'],
          ['Tile', ['w', 'c'], 'y'],
        ],
        [2 * batch],
      ),
    );
    expect(nodesOf(graph)).toEqual([
      'extent = Shape(x)',
      'extent_1 = Concat(extent,extent_constant)',
      'extent_2 = Mul(extent,extent_constant_1)',
      'u = Reshape(x,extent_1)',
      'v = Reshape(u,extent_2)',
      'w = Reshape(x,extent_2)',
      'y = Tile(w,c)',
    ]);
    expect(graph.outputs[0]?.dims).toEqual(['2*batch']);
    expect(graph.initializers.map(({ name }) => name)).toEqual(['c', 'extent_constant', 'extent_constant_1']);
  });

  it('also where a constant was shared with one that does not follow, by accident of a size', () => {
    const graph = merge((batch) =>
      model(batch, { a: ints(batch), b: ints(11) }, [
        ['Reshape', ['x', 'a'], 'u'],
        ['Expand', ['u', batch === 11 ? 'a' : 'b'], 'y'],
      ]),
    );
    expect(nodesOf(graph).slice(1)).toEqual(['u = Reshape(x,extent)', 'y = Expand(u,a)']);
    expect(graph.initializers).toEqual([{ name: 'a', tensor: ints(11), origin: 'constant' }]);
  });

  it('are scalars, and int32, where they were', () => {
    const scalar = (batch: number): OnnxTensor => ({
      elementType: 'int32',
      dims: [],
      data: new Int32Array([batch - 1]),
    });
    const graph = merge((batch) => model(batch, { a: scalar(batch) }, [['Gather', ['x', 'a'], 'y']], [2]));
    expect(nodesOf(graph)).toEqual([
      'extent = Shape(x)',
      'extent_1 = Add(extent,extent_constant)',
      'extent_2 = Cast(extent_1)',
      'extent_3 = Squeeze(extent_2)',
      'y = Gather(x,extent_3)',
    ]);
    expect(graph.initializers[0]?.tensor).toEqual(ints(-1));
  });

  it('reach into subgraphs, which capture them', () => {
    const graph = merge((batch) => {
      const { graph: inner } = model(batch, {}, [['Reshape', ['x', 'a'], 'z']]);
      const branch = { kind: 'graph', value: { ...inner, inputs: [] } } as const;
      return model(batch, { a: ints(batch, 2) }, [['If', ['x'], 'y']], [batch, 2], { then_branch: branch });
    });
    const then = graph.nodes.at(-1)?.attributes['then_branch'];
    expect(then?.kind === 'graph' && nodesOf(then.value)).toEqual(['z = Reshape(x,extent_1)']);
    expect(then?.kind === 'graph' && then.value.outputs[0]?.dims).toEqual(['batch', 2]);
    expect(nodesOf(graph).slice(0, 2)).toEqual(['extent = Shape(x)', 'extent_1 = Concat(extent,extent_constant)']);
  });
});

it('a constant of one value fills whatever shape it has', () => {
  const graph = merge((batch) =>
    model(batch, { a: floats([batch], ...new Array<number>(batch).fill(0.5)) }, [['Add', ['x', 'a'], 'y']]),
  );
  expect(nodesOf(graph)).toEqual([
    'extent = Shape(x)',
    'extent_1 = Expand(extent_constant,extent)',
    'y = Add(x,extent_1)',
  ]);
  expect(graph.initializers.map(({ tensor }) => tensor)).toEqual([floats([], 0.5)]);
});

it('an Expand of one number is a ConstantOfShape where a subgraph reads it, and nowhere else', () => {
  const filled = (number: string, read: string): readonly string[] => {
    const graph = merge((batch) => {
      const { graph: inner } = model(batch, {}, [['Add', ['x', read], 'z']]);
      const branch = { kind: 'graph', value: { ...inner, inputs: [] } } as const;
      const whole = model(
        batch,
        { shape: ints(batch, 2), half: floats([], 0.5), row: floats([2], 1, 2) },
        [
          ['Expand', [number, 'shape'], 'u'],
          ['If', ['x'], 'y'],
        ],
        [batch, 2],
      );
      const nodes = whole.graph.nodes.map((node) =>
        node.opType === 'If' ? { ...node, attributes: { then_branch: branch } } : node,
      );
      return { ...whole, graph: { ...whole.graph, nodes } };
    });
    const value = graph.nodes.at(-2)?.attributes['value'];
    expect(value?.kind === 'tensor' && value.value).toEqual(value === undefined ? false : floats([1], 0.5));
    expect(graph.initializers.some(({ name }) => name === number)).toBe(value === undefined);
    return nodesOf(graph).slice(2);
  };
  expect(filled('half', 'u')).toEqual(['u = ConstantOfShape(extent_1)', 'y = If(x)']);
  expect(filled('half', 'x')).toEqual(['u = Expand(half,extent_1)', 'y = If(x)']);
  expect(filled('row', 'u')).toEqual(['u = Expand(row,extent_1)', 'y = If(x)']);
});

it('names that the model has are not given again', () => {
  const graph = merge((batch) => model(batch, { extent: ints(batch) }, [['Reshape', ['x', 'extent'], 'extent_1']]));
  expect(nodesOf(graph)).toEqual(['extent_2 = Shape(x)', 'extent_1 = Reshape(x,extent_2)']);
});

describe('what differs otherwise is refused', () => {
  const advice =
    ' Do not branch on x.shape, nor multiply an extent with itself (mixing the samples of a batch), or give the axis a number and export each size.';
  const expected = `; expected the same operations for every 'batch', their extents affine in it.${advice}`;

  it.each<readonly [string, (batch: number) => OnnxModel, string]>([
    [
      'another operation',
      (batch) => model(batch, {}, [[batch > 12 ? 'Abs' : 'Neg', ['x'], 'y']]),
      "'neg' is not the same for every size: at batch = 11 it does Neg (for 'neg'), at batch = 13 Abs (for 'abs')",
    ],
    [
      'more operations, at the third size alone',
      (batch) => model(batch, {}, [['Neg', ['x'], 'u'], ...(batch > 15 ? [['Neg', ['u'], 'y'] as const] : [])]),
      "'neg' is not the same for every size: at batch = 11 it does nothing more, at batch = 17 Neg (for 'neg')",
    ],
    [
      'another operand',
      (batch) =>
        model(batch, {}, [
          ['Neg', ['x'], 'u'],
          ['Add', ['x', batch > 12 ? 'u' : 'x'], 'y'],
        ]),
      "'add' is not the same for every size: at batch = 11 an operand is the value 'x', at batch = 13 the value 'u'",
    ],
    [
      'a square',
      (batch) => model(batch, { a: ints(batch * batch) }, [['Reshape', ['x', 'a'], 'y']]),
      "'reshape' is not the same for every size: at batch = 11 it uses [121], at batch = 13 [169], which is no affine function of 'batch'",
    ],
    [
      'a square extent of a result',
      (batch) => model(batch, {}, [['Neg', ['x'], 'y']], [batch * batch]),
      "'y' is not the same for every size: at batch = 11 axis 0 of 'y' has extent 121, at batch = 13 169, which is no affine function of 'batch'",
    ],
    [
      'a number made of an extent',
      (batch) => model(batch, { a: floats([], 1 / batch) }, [['Mul', ['x', 'a'], 'y']]),
      "'mul' is not the same for every size: at batch = 11 it uses 0.09090909361839294, at batch = 13 0.07692307978868484, which is a number that the function made of an extent. Use x.size() or x.mean(), which are computed when the model runs",
    ],
    [
      'an attribute',
      (batch) => model(batch, {}, [['Concat', ['x'], 'y']], [batch, 2], { axis: { kind: 'int', value: batch } }),
      "'concat' is not the same for every size: at batch = 11 Concat has axis 11, at batch = 13 13, and an attribute is the same for every size",
    ],
  ])('%s', (_, at, message) => {
    expect(refusal(() => merge(at))).toBe(`ShapeError: exportOnnx: ${message}${expected}`);
  });
});
