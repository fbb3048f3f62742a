/**
 * Two classical stiff problems (Hairer & Wanner, Solving Ordinary Differential Equations II, IV.10). References in f64 from
 * SciPy 1.17.1: solve_ivp(f, (0, t1), y0, method='Radau', rtol=3e-14, atol=1e-20, jac=J), atol 1e-15 for Van der Pol; BDF and
 * LSODA at 1e-12 agree with them to 1e-10.
 */
import { stack, type Tensor } from '@node-ode/core';
import { problem, type ProblemFactory } from './problem.ts';

const elements = (y: Tensor, n: number): readonly Tensor[] => Array.from({ length: n }, (_, i) => y.at(i));

/** Robertson's chemical reaction, rates 0.04, 3·10⁷ and 10⁴, to t = 10⁵: eigenvalues to −10⁴, a component of size 10⁻⁵. */
export const robertson: ProblemFactory = (dtype) =>
  problem({
    name: 'robertson',
    dtype,
    dynamics: (_t, y) => {
      const [a, b, c] = elements(y, 3) as [Tensor, Tensor, Tensor];
      const [first, second, third] = [a.mul(0.04), b.square().mul(3e7), b.mul(c).mul(1e4)];
      return stack([third.sub(first), first.sub(third).sub(second), second]);
    },
    reference: [
      { t: 0, y: [1, 0, 0] },
      { t: 0.4, y: [0.985172113860987, 3.386395378974901e-5, 0.014794022185220291] },
      { t: 40, y: [0.7158270687194039, 9.185534764557747e-6, 0.28416374574582975] },
      { t: 4000, y: [0.1832022577767086, 8.942371252775936e-7, 0.8167968479861603] },
      { t: 1e5, y: [0.017865921142100876, 7.274751468436995e-8, 0.982134006110377] },
    ],
  });

/** Van der Pol's oscillator x'' = 1000·(1 − x²)·x' − x from (2, 0), to t = 2000: slow branches, and two jumps between them. */
export const vanDerPol: ProblemFactory = (dtype) =>
  problem({
    name: 'van der Pol',
    dtype,
    dynamics: (_t, y) => {
      const [x, v] = elements(y, 2) as [Tensor, Tensor];
      return stack([v, x.square().neg().add(1).mul(v).mul(1000).sub(x)]);
    },
    reference: [
      { t: 0, y: [2, 0] },
      { t: 500, y: [1.596768951052701, -0.0010303911878392538] },
      { t: 1000, y: [-1.8636462548081827, 0.0007535430865435208] },
      { t: 1500, y: [-1.3547459194867368, 0.0016217887275967856] },
      { t: 2000, y: [1.7061677321705548, -0.0008928097010247196] },
    ],
  });
