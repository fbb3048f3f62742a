/** Which side computes what, and what travels. */
import { array, compile, concat, cond, matmul, select, whileLoop, type HostArray, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { fakeBackend, fakeDevice } from '../../test/fake-device.ts';
import { layOut } from './layout.ts';
import type { Segment } from './partition.ts';
import { flatten } from './flatten.ts';
import { scopesOf, type Scope } from './scope.ts';

type Program = (...inputs: Tensor[]) => readonly Tensor[];

/** Segments in the order of the program, inner ones where they are, and the operations of the host. */
function laidOut(fn: Program, ...inputs: readonly HostArray[]) {
  const layout = layOut(flatten(compile(fakeBackend(), fn).graph(...inputs)), true);
  const host: string[] = [];
  const segments: Segment[] = [];
  const visit = (scope: Scope): void => {
    for (const part of layout.parts.get(scope)!) {
      if (part.kind === 'host') host.push(part.node.op);
      else if (part.kind === 'segment') segments.push(part.segment);
      else scopesOf(part.step).forEach(visit);
    }
  };
  visit(layout.program.main);
  const operations = segments.map(({ graph }) => graph.nodes.map(({ op }) => op));
  return { host, segments, operations };
}

const scalar = array(2);
const vector = array([1, 2, 3]);
const matrix = array([
  [1, 2],
  [3, 4],
]);

describe('scalars', () => {
  it('are computed by the host if it has what they are made of', () => {
    const { host, operations } = laidOut((x, h) => [x!.mul(h!.mul(h!).exp())], vector, scalar);
    expect(host).toEqual(['mul', 'exp']);
    expect(operations).toEqual([['mul']]);
  });

  it('stay on the device if the device needs them next', () => {
    const { host, operations } = laidOut((x) => [x!.div(x!.sum().sqrt().add(1))], vector);
    expect(host).toEqual([]);
    expect(operations).toHaveLength(1);
  });

  it('stay there too if control flow wants them later', () => {
    const { host, operations, segments } = laidOut((x) => {
      const norm = x!.square().sum().sqrt();
      const y = x!.div(norm);
      return [
        cond(
          norm.greater(1),
          y,
          (a) => a.exp(),
          (a) => a,
        ),
      ];
    }, vector);
    expect(host).toEqual(['greater']);
    expect(operations).toEqual([['mul', 'sum', 'sqrt', 'div'], ['exp']]);
    expect(segments[0]!.results.map(({ isHost }) => isHost).sort()).toEqual([false, true]);
  });

  it('are fetched if a loop depends on them, and cut nothing that does not wait for it', () => {
    const { host, operations } = laidOut((x) => {
      const { carry } = whileLoop(
        { x: x! },
        (c) => c.x.square().sum().sqrt().greater(1),
        (c) => ({ carry: { x: c.x.mul(0.5) } }),
      );
      return [carry.x];
    }, vector);
    expect(host).toEqual(['sqrt', 'greater', 'sqrt', 'greater']);
    expect(operations.map((ops) => ops.filter((op) => op !== 'constant'))).toEqual([
      ['mul', 'sum'],
      ['mul', 'mul', 'sum'],
    ]);
  });

  it('that only count stay where they are computed', () => {
    // The sum is carried, but decides nothing: nothing waits for the device.
    const { segments } = laidOut(
      (x, n) => {
        const { carry } = whileLoop(
          { i: n!.mul(0), x: x!, sum: x!.sum() },
          (c) => c.i.less(n!),
          (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(0.5), sum: c.sum.add(c.x.sum()) } }),
        );
        return [carry.sum];
      },
      vector,
      array(5, { dtype: 'i32' }),
    );
    expect(segments.flatMap(({ results }) => results.map(({ isHost }) => isHost))).toEqual([false, false, false]);
  });
});

describe('small arrays', () => {
  it("are the host's where it reads elements of them", () => {
    const { host, operations } = laidOut((ts, x) => [x!.mul(ts!.at(-1).sub(ts!.at(0)))], vector, matrix);
    expect(host.filter((op) => op !== 'reshape')).toEqual(['slice', 'slice', 'sub']);
    expect(operations).toEqual([['mul']]);
  });

  it('are made by the host of what it has', () => {
    const { host, operations } = laidOut(
      (a, b) => [concat([a!.add(1).reshape([1]), b!.reshape([1])])],
      scalar,
      array(3),
    );
    expect(host).toContain('concat');
    expect(operations).toEqual([]);
  });

  it('are no scalars that are repeated', () => {
    const { host, operations } = laidOut((x, h) => [concat([x!, h!.exp().broadcastTo([3])])], vector, scalar);
    expect(host).toEqual(['exp']);
    expect(operations).toEqual([['broadcastTo', 'concat']]);
  });

  it("are the device's where it uses them whole", () => {
    const { host, operations } = laidOut((b, x) => [x!.add(b!.slice([1], [2]).reshape([1, 2]))], vector, matrix);
    expect(host).toEqual([]);
    expect(operations).toEqual([['slice', 'reshape', 'add']]);
  });
});

describe('segments', () => {
  it('run through calls', () => {
    const { operations } = laidOut((x, w) => [matmul(matmul(x!, w!).tanh(), w!)], matrix, matrix);
    expect(operations).toEqual([['matmul', 'tanh', 'matmul']]);
  });

  it('include what follows a branch', () => {
    const { operations } = laidOut(
      (p, x, y) => {
        const z = cond(
          p!.greater(0),
          x!,
          (a) => a.exp(),
          (a) => a.neg(),
        );
        return [z.mul(y!).add(1), y!.sin()];
      },
      scalar,
      matrix,
      matrix,
    );
    expect(operations).toEqual([['constant', 'exp', 'mul', 'add'], ['constant', 'neg', 'mul', 'add'], ['sin']]);
  });

  it('do not decide again what was decided around them', () => {
    const { operations } = laidOut((x) => {
      const isFinite = x!.isFinite().all();
      return [
        cond(
          isFinite.and(x!.sum().greater(0)),
          x!,
          (a) => a.exp(),
          (a) => select(a.isFinite().all(), a, 0),
        ),
      ];
    }, matrix);
    expect(operations.map((all) => all.filter((op) => op === 'isFinite').length)).toEqual([1, 0, 0]);
  });

  it('have constants of their own', () => {
    const fn: Program = (x) => {
      const { carry } = whileLoop(
        { x: x! },
        (c) => c.x.sum().greater(1),
        (c) => ({ carry: { x: c.x.mul(0.5).add(c.x.mul(0).add(0.01)) } }),
      );
      return [carry.x];
    };
    const { segments } = laidOut(fn, matrix);
    for (const { graph } of segments) {
      expect(graph.inputs.map(({ type }) => type.kind === 'tensor' && type.shape)).toEqual([[2, 2]]);
    }
  });

  it('are reported with the provider that runs them', async () => {
    const graph = compile(fakeBackend(), (x: Tensor, h: Tensor) => x.mul(h.exp())).graph(vector, scalar);
    const program = await fakeDevice().compile(graph);
    expect(program.placement).toEqual([
      { part: 'segment', provider: 'fake', operations: ['mul'], nodes: 1 },
      { part: 'host', provider: 'javascript', operations: ['exp'], nodes: 1 },
    ]);
  });
});
