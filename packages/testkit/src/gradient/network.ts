/** Gradients through a small network over trees, against central differences; what is unused; counts. */
import {
  array,
  cond,
  createOde,
  flattenTree,
  grad,
  isHostArray,
  matmul,
  pid,
  random,
  scan,
  valueAndGrad,
  type FloatDType,
  type HostArray,
  type Ode,
  type Tensor,
} from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { centralDifferences } from '../support/finite-differences.ts';
import { castTree } from '../support/host-trees.ts';
import { demandClose } from '../support/numbers.ts';
import { readLeaves } from '../support/read-leaves.ts';
import { normal, scalar } from '../support/random-arrays.ts';
import { tightOde, type GradientSubject } from './subject.ts';

export function networkChecks(subject: GradientSubject): readonly Check[] {
  return [
    check('has gradients through a network, for trees and nested bodies', () => throughNetwork(subject)),
    check('gives exact zeros for what is unused', () => unused(subject)),
    check('uses integers that the dynamics capture, without a gradient', () => integers(subject)),
    check('adds the gradient of a parameter that is used outside too', () => usedTwice(subject)),
    check('reports the evaluations of its reverse pass', () => reportsEvaluations(subject)),
  ];
}

interface Inputs<T> {
  readonly y0: { readonly level: T; readonly hidden: readonly [T, T] };
  readonly params: { readonly layers: readonly { readonly w: T; readonly b: T }[]; readonly rate: T };
  readonly ts: T;
}

const inputs = (dtype: FloatDType): Inputs<HostArray> => {
  const rng = random(5);
  const layer = () => ({ w: normal(rng, [2, 2], dtype, 0.6), b: normal(rng, [2], dtype, 0.3) });
  return {
    y0: { level: scalar(0.8, dtype), hidden: [normal(rng, [3, 2], dtype), normal(rng, [2], dtype)] },
    params: { layers: [layer(), layer()], rate: scalar(0.7, dtype) },
    ts: array([0.1, 0.5, 1.2], { dtype }),
  };
};

/** A network whose weights reach the dynamics through a scan and a cond, at three times. */
function loss(ode: Ode, { y0, params, ts }: Inputs<Tensor>): Tensor {
  const [first, second] = params.layers as readonly [{ w: Tensor; b: Tensor }, { w: Tensor; b: Tensor }];
  const { ys } = ode.odeint(
    (t, y: Inputs<Tensor>['y0']) => {
      const [batch, single] = y.hidden;
      const mixed = matmul(matmul(batch, first.w).add(first.b).tanh(), second.w).add(second.b.mul(t));
      const { carry } = scan(single, batch, (sum, row) => ({ carry: sum.mul(0.5).add(row.mul(params.rate)) }));
      const pace = cond(
        t.greater(-1),
        params.rate,
        (r) => r.mul(second.b.sum()),
        (r) => r,
      );
      return {
        level: y.level.mul(t.sin()).sub(single.sum().mul(0.1)),
        hidden: [mixed, carry.tanh().mul(pace).sub(single)],
      };
    },
    y0,
    ts,
  );
  const [batch, single] = ys.hidden;
  return ys.level
    .square()
    .sum()
    .add(batch.square().sum().mul(0.3))
    .add(single.mul(ts.expandDims(1)).sum());
}

async function throughNetwork(subject: GradientSubject): Promise<void> {
  const ode = tightOde(subject);
  const given = inputs(subject.dtype);
  // Differences of values in f64, at the very point.
  const exact = tightOde({ ...subject, backend: subject.oracle, dtype: 'f64' });
  const { leaves, structure } = flattenTree('inputs', castTree(given, 'f64'), isHostArray);
  const plain = exact.compile((x: Inputs<Tensor>) => loss(exact, x));
  const gradient = ode.compile((x: Inputs<Tensor>) => grad((y: Inputs<Tensor>) => loss(ode, y))(x));
  const value = async (moved: readonly HostArray[]): Promise<number> =>
    (await readLeaves(await plain(structure.rebuild(moved) as Inputs<HostArray>)))[0]?.[0] ?? NaN;
  const expected = await centralDifferences(value, leaves, { step: 2e-3 });
  const actual = await readLeaves(await gradient(given));
  const { tolerance } = subject;
  structure.paths.forEach((path, i) => {
    demandClose(`${subject.make().name}: the gradient for ${path}`, actual[i] ?? [], expected[i] ?? [], {
      rtol: tolerance,
      atol: tolerance,
    });
  });
}

async function unused(subject: GradientSubject): Promise<void> {
  const { dtype } = subject;
  const ode = tightOde(subject);
  const gradient = ode.compile((p: { readonly used: Tensor; readonly cancelled: Tensor; readonly idle: Tensor }) =>
    grad((q: typeof p) => {
      const { ys } = ode.odeint((_t, y: Tensor) => y.mul(q.used), array([1, 2], { dtype }), [0, 1]);
      return ys.sum();
    })(p),
  );
  const half = array([0.5, -0.5], { dtype });
  const result = await gradient({ used: half, cancelled: half, idle: scalar(3, dtype) });
  const [cancelled = [], idle = [], used = []] = await readLeaves(result);
  demand(
    [...cancelled, ...idle].every((x) => x === 0),
    subject.make().name,
    `unused parameters have gradients ${[...cancelled, ...idle].join(', ')}`,
    { expected: 'exact zeros' },
  );
  demand(
    used.every((x) => x !== 0 && Number.isFinite(x)),
    subject.make().name,
    `a used parameter has gradient ${used.join(', ')}`,
    { expected: 'numbers that are not zero' },
  );
}

async function integers(subject: GradientSubject): Promise<void> {
  const { dtype } = subject;
  const ode = tightOde(subject);
  const gradient = ode.compile((table: Tensor, index: Tensor) =>
    grad((rates: Tensor) =>
      ode
        .odeint((_t, y: Tensor) => y.mul(rates.at(index)), array([2], { dtype }), [0, 1])
        .ys.at(1)
        .sum(),
    )(table),
  );
  const [actual = []] = await readLeaves(
    await gradient(array([0.1, 0.4, 0.9], { dtype }), array([1], { shape: [], dtype: 'i32' })),
  );
  demandClose(
    `${subject.make().name}: the gradient for a table that an integer indexes`,
    actual,
    [0, 2 * Math.exp(0.4), 0],
    { rtol: subject.tolerance, atol: subject.tolerance },
  );
}

async function usedTwice(subject: GradientSubject): Promise<void> {
  const ode = tightOde(subject);
  const gradient = ode.compile((rate: Tensor) =>
    grad((r: Tensor) =>
      ode
        .odeint((_t, y: Tensor) => y.mul(r), r.mul(2), [0, 1])
        .ys.at(1)
        .add(r.square()),
    )(rate),
  );
  const r = 0.3;
  const [actual = []] = await readLeaves(await gradient(scalar(r, subject.dtype)));
  demandClose(`${subject.make().name}: d/dr (2r·eʳ + r²)`, actual, [2 * Math.exp(r) * (1 + r) + 2 * r], {
    rtol: subject.tolerance,
    atol: subject.tolerance,
  });
}

async function reportsEvaluations(subject: GradientSubject): Promise<void> {
  const { make, backend, solver, dtype } = subject;
  const ode = createOde({
    backend,
    solver,
    gradient: make(),
    controller: pid({ rtol: 1e-6, atol: 1e-8 }),
    dtype,
  });
  const run = ode.compile((y0: Tensor, a: Tensor) =>
    valueAndGrad((p: readonly [Tensor, Tensor]) => ode.odeint((_t, y: Tensor) => y.mul(p[1]), p[0], [0, 1]).ys.at(1))([
      y0,
      a,
    ]),
  );
  const { stats } = await run.run(scalar(1, dtype), scalar(0.5, dtype));
  demand(stats.nfe > 0, make().name, `nfe is ${stats.nfe}`, { expected: 'the evaluations of the forward solve' });
  demand(stats.nfeBackward > 0, make().name, `nfeBackward is ${stats.nfeBackward}`, {
    expected: 'the evaluations of the reverse pass',
    advice: "Integrate with { phase: 'backward' } in the reverse rule.",
  });
}
