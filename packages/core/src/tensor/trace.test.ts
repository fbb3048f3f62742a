import { describe, expect, it } from 'vitest';
import { evaluate, f32, f64, i32, refusal, run, trace } from '../../test/support.ts';
import { checkGraph } from '../graph/check.ts';
import { tensorType, type Graph } from '../graph/graph.ts';
import { printGraph } from '../graph/print.ts';
import { call } from '../control/call.ts';
import { cond } from '../control/cond.ts';
import { scan, whileLoop } from '../control/loops.ts';
import { vjp } from '../differentiate/vjp.ts';
import { compile } from '../runtime/compile.ts';
import { asTensor, constant, type Tensor } from './tensor.ts';
import { asTensorResult, capturesOf, closeGraph, openTrace } from './trace.ts';

/** The graph of a function of f64 vectors as it was traced, before any pass. */
function rawGraph(fn: (...xs: Tensor[]) => readonly Tensor[], shapes: readonly (readonly number[])[]): Graph {
  const types = shapes.map((shape) => tensorType(shape, 'f64'));
  const { trace: body, inputs } = openTrace('main', types);
  const results = fn(...inputs.map(asTensorResult));
  const closed = body.close(results);
  const graph = closeGraph(closed, capturesOf(closed));
  checkGraph(graph);
  return graph;
}

const kinds = (graph: Graph): readonly string[] => graph.nodes.map((node) => node.op);

describe('tensors outside their trace', () => {
  const ended = (type: string, name: string): string =>
    `TraceError: trace: a tensor ${type} of '${name}' was used after that function had ended; expected tensors of the function being traced or of one around it. Return the tensor from the function that made it instead of keeping it in a variable outside.`;

  it('a tensor kept in a variable cannot be used in a later function', async () => {
    let kept: Tensor | undefined;
    await evaluate(
      function first(x: Tensor) {
        kept = x.add(1);
        return kept;
      },
      f64([1, 2]),
    );
    expect(await refusal(() => evaluate((y: Tensor) => y.mul(kept as Tensor), 1))).toBe(ended('f64[2]', 'first'));
    expect(await refusal(() => (kept as Tensor).neg())).toBe(ended('f64[2]', 'first'));
    expect(await refusal(() => evaluate(() => kept as Tensor))).toBe(ended('f64[2]', 'first'));
  });

  it('nor when the function that made it threw', async () => {
    let kept: Tensor | undefined;
    const failing = (x: Tensor): Tensor => {
      kept = x;
      throw new RangeError('mine');
    };
    expect(await refusal(() => evaluate(failing, 1))).toBe('RangeError: mine');
    expect(await refusal(() => evaluate((y: Tensor) => y.mul(kept as Tensor), 1))).toBe(ended('f64[]', 'failing'));
  });

  it('a tensor of a loop body cannot be used behind the loop', async () => {
    const leak = (x: Tensor): Tensor => {
      let inner = x;
      whileLoop(
        { x },
        (c) => c.x.less(10),
        (c) => {
          inner = c.x.mul(2);
          return { carry: { x: inner } };
        },
      );
      return inner.add(x);
    };
    expect(await refusal(() => evaluate(leak, 1))).toBe(ended('f64[]', 'body'));
  });

  it('nor in the body of another loop, nor in the other branch, nor in the body from the condition', async () => {
    let inner: Tensor | undefined;
    const bodies = (x: Tensor): Tensor => {
      scan(x, asTensor(f64([1])), (c, e) => {
        inner = e;
        return { carry: c.add(e) };
      });
      return scan(x, asTensor(f64([1])), (c) => ({ carry: c.add(inner as Tensor) })).carry;
    };
    expect(await refusal(() => evaluate(bodies, 1))).toBe(ended('f64[]', 'body'));

    const branches = (x: Tensor): Tensor =>
      cond(
        x.less(0),
        x,
        (y) => {
          inner = y.neg();
          return inner;
        },
        (y) => y.add(inner as Tensor),
      );
    expect(await refusal(() => evaluate(branches, 1))).toBe(ended('f64[]', 'then'));

    const condition = (x: Tensor): Tensor =>
      whileLoop(
        { x },
        (c) => {
          inner = c.x;
          return c.x.less(10);
        },
        (c) => ({ carry: { x: c.x.add(inner as Tensor) } }),
      ).carry.x;
    expect(await refusal(() => evaluate(condition, 1))).toBe(ended('f64[]', 'condition'));
  });

  it('a tensor of the function of a derivative cannot be used behind it', async () => {
    let inner: Tensor | undefined;
    const leak = (x: Tensor): Tensor => {
      vjp((y: Tensor) => {
        inner = y.exp();
        return inner;
      }, x);
      return (inner as Tensor).mul(x);
    };
    expect(await refusal(() => evaluate(leak, 1))).toBe(ended('f64[]', 'vjp'));
  });

  it('a compiled function inside a traced one refuses the tensors around it', async () => {
    const outer = (x: Tensor): Tensor => {
      trace(() => x.mul(2));
      return x;
    };
    expect(await refusal(() => evaluate(outer, 1))).toBe(
      'TraceError: compile: the function uses a tensor f64[] of another function being traced; expected its own arguments, host arrays and numbers. Pass the tensor as an argument, or call the function itself instead of its compiled form.',
    );
  });
});

describe('captures', () => {
  it('bodies use tensors of all functions around them, each captured once', async () => {
    const nested = (x: Tensor, w: Tensor): Tensor =>
      scan(x, asTensor(f64([1, 2, 3])), (c, e) => ({
        carry: cond(
          e.less(2.5),
          c,
          (y) =>
            whileLoop(
              { y },
              ({ y: z }) => z.less(w.mul(4)),
              ({ y: z }) => ({ carry: { y: z.mul(w).add(e).add(w) } }),
            ).carry.y,
          (y) => y.sub(w).mul(x),
        ),
      })).carry;
    const host = (x: number, w: number): number => {
      let c = x;
      for (const e of [1, 2, 3]) {
        if (e < 2.5) while (c < w * 4) c = c * w + e + w;
        else c = (c - w) * x;
      }
      return c;
    };
    for (const [x, w] of [
      [1, 2],
      [0.5, 3],
      [-2, 1.5],
    ] as const) {
      expect(await evaluate(nested, x, w)).toBe(host(x, w));
    }
    const graph = rawGraph((x, w) => [nested(x as Tensor, w as Tensor)], [[], []]);
    expect(graph.inputs.length).toBe(3);
    const loop = graph.nodes.find((node) => node.op === 'scan');
    // w, w·4 and x: constants of the loop; then the carry and the sequence.
    expect(loop?.op === 'scan' ? [loop.params.constants, loop.inputs.length, new Set(loop.inputs).size] : []).toEqual([
      3, 5, 4,
    ]);
  });

  it('a capture of both a condition and its body is one operand', () => {
    const graph = rawGraph(
      (x, w) => {
        const { carry } = whileLoop(
          { y: x as Tensor },
          ({ y }) => y.less(w as Tensor),
          ({ y }) => ({ carry: { y: y.add(w as Tensor) } }),
        );
        return [carry.y];
      },
      [[], []],
    );
    expect(printGraph(graph)).toBe(
      [
        'graph main(%0: f64[], %1: f64[])',
        '  %2: f64[] = whileLoop(%1, %0) condition=@condition body=@body constants=1 taped=0 advances=false',
        '    graph condition(%0: f64[], %1: f64[])',
        '      %2: bool[] = less(%1, %0)',
        '      return %2',
        '    graph body(%0: f64[], %1: f64[])',
        '      %2: f64[] = add(%1, %0)',
        '      return %2',
        '  return %2',
      ].join('\n'),
    );
  });

  it('host arrays become inputs, each once however often it is used', async () => {
    const [weights, other] = [f64([1, 2, 3]), f64([1, 2, 3])];
    const f = (x: Tensor): Tensor => x.mul(weights).add(weights).add(other);
    const graph = rawGraph((x) => [f(x as Tensor)], [[3]]);
    expect(graph.inputs.length).toBe(3);
    expect(kinds(graph)).toEqual(['mul', 'add', 'add']);
    expect(await evaluate(f, f64([1, 1, 1]))).toEqual([3, 6, 9]);
  });

  it('a captured host array is read when the function is compiled, once', async () => {
    const weights = f64([1, 2]);
    const program = compile((await import('../../test/support.ts')).backend, (x: Tensor) => x.mul(weights));
    const first = await program(f64([1, 1]));
    weights.data[0] = 100;
    const second = await program(f64([1, 1]));
    expect([...(await first.read()).data]).toEqual([1, 2]);
    expect([...(await second.read()).data]).toEqual([1, 2]);
  });

  it('JavaScript numbers become constants of the dtype', () => {
    const graph = rawGraph((x) => [(x as Tensor).mul(2.5)], [[3]]);
    expect(printGraph(graph)).toBe(
      [
        'graph main(%0: f64[3])',
        '  %1: f64[] = constant() value=2.5 shape=[] dtype=f64',
        '  %2: f64[3] = mul(%0, %1)',
        '  return %2',
      ].join('\n'),
    );
  });
});

describe('where an operation belongs', () => {
  it('what uses outer tensors alone is done outside the body, once', () => {
    const graph = rawGraph(
      (x, w) => [
        scan(x as Tensor, asTensor(f64([1, 2])), (c, e) => {
          const outside = (w as Tensor).exp().add(1);
          return { carry: c.mul(outside).add(e) };
        }).carry,
      ],
      [[], []],
    );
    expect(kinds(graph)).toEqual(['exp', 'constant', 'add', 'scan']);
    const loop = graph.nodes[3];
    expect(loop?.op === 'scan' ? kinds(loop.params.body) : []).toEqual(['mul', 'add']);
  });

  it('from two bodies deep as well', () => {
    const graph = rawGraph(
      (x, w) => [
        scan(x as Tensor, asTensor(f64([1, 2])), (c, e) => ({
          carry: scan(c, asTensor(f64([3])), (d) => {
            const outermost = (w as Tensor).sin();
            const middle = e.mul(outermost).cos();
            return { carry: d.add(middle) };
          }).carry,
        })).carry,
      ],
      [[], []],
    );
    expect(kinds(graph)).toEqual(['sin', 'scan']);
    const outer = graph.nodes[1];
    const body = outer?.op === 'scan' ? outer.params.body : graph;
    expect(kinds(body)).toEqual(['mul', 'cos', 'scan']);
    const inner = body.nodes[2];
    expect(inner?.op === 'scan' ? kinds(inner.params.body) : []).toEqual(['add']);
  });

  it('constants alone belong to no trace until something traced uses them', async () => {
    const deferred = constant(2, [2], 'f64')
      .mul(3)
      .add(f64([1, 2]));
    const graph = rawGraph((x) => [(x as Tensor).mul(deferred), deferred], [[2]]);
    expect(kinds(graph)).toEqual(['constant', 'constant', 'mul', 'add', 'mul']);
    // It belongs to each function that uses it.
    expect(await evaluate((x: Tensor) => [x.mul(deferred), deferred], f64([1, 10]))).toEqual([
      [7, 80],
      [7, 8],
    ]);
    expect(await evaluate((x: Tensor) => x.add(deferred), 1)).toEqual([8, 9]);
  });

  it('constants used in a body alone are made there', () => {
    const two = constant(2, [], 'f64').square();
    const graph = rawGraph((x) => [scan(x as Tensor, asTensor(f64([1])), (c) => ({ carry: c.mul(two) })).carry], [[]]);
    expect(kinds(graph)).toEqual(['scan']);
    const loop = graph.nodes[0];
    expect(loop?.op === 'scan' ? kinds(loop.params.body) : []).toEqual(['constant', 'mul', 'mul']);
  });

  it('control flow over constants alone is deferred as well', async () => {
    const factorial = (): Tensor =>
      whileLoop(
        { n: constant(5, [], 'i32'), product: constant(1, [], 'i32') },
        ({ n }) => n.greater(0),
        ({ n, product }) => ({ carry: { n: n.sub(1), product: product.mul(n) } }),
      ).carry.product;
    expect(await evaluate(factorial)).toBe(120);
    expect(await evaluate((x: Tensor) => x.add(factorial()), i32([1, 2]))).toEqual([121, 122]);
    expect(
      await evaluate(() =>
        cond(
          constant(true),
          constant(1),
          (x) => x.add(1),
          (x) => x.sub(1),
        ),
      ),
    ).toBe(2);
  });

  it('a function without arguments, and results that are arguments, numbers or host arrays', async () => {
    expect(await evaluate(() => constant(3, [2]))).toEqual([3, 3]);
    expect(await evaluate((x: Tensor) => ({ same: x, number: 4, host: i32([1]) }) as const, f32([1]))).toEqual({
      same: [1],
      number: 4,
      host: [1],
    });
  });
});

describe('call', () => {
  it('traces its function once', async () => {
    let traced = 0;
    const body = (x: Tensor): Tensor => {
      const square = call('square', (y: Tensor) => {
        traced++;
        return y.mul(y);
      });
      return square(square(square(x)));
    };
    const { value, stats } = await run(body, 2);
    expect([value, traced, stats.counters?.calls['square']]).toEqual([256, 1, 3]);
  });
});
