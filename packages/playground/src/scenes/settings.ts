/** What a visitor chooses: how equations are solved, differentiated and learned. Names alone, which page and worker share. */

/** Solvers, with whether they choose their steps by a tolerance. */
export const solverNames = {
  euler: { title: 'Euler, order 1', isAdaptive: false },
  midpoint: { title: 'Midpoint, order 2', isAdaptive: false },
  rk4: { title: 'Runge–Kutta, order 4', isAdaptive: false },
  adams: { title: 'Adams–Bashforth–Moulton, order 4', isAdaptive: false },
  heun: { title: 'Heun 2(1)', isAdaptive: true },
  bosh3: { title: 'Bogacki–Shampine 3(2)', isAdaptive: true },
  dopri5: { title: 'Dormand–Prince 5(4)', isAdaptive: true },
  tsit5: { title: 'Tsitouras 5(4)', isAdaptive: true },
  dopri8: { title: 'Dormand–Prince 8', isAdaptive: true },
  kvaerno3: { title: 'Kværnø 3, for stiff problems', isAdaptive: true },
  kvaerno5: { title: 'Kværnø 5, for stiff problems', isAdaptive: true },
} as const;
export type SolverName = keyof typeof solverNames;

/** Gradient methods. */
export const gradientNames = {
  backprop: { title: 'Backpropagation' },
  checkpointed: { title: 'Checkpointed backpropagation' },
  adjoint: { title: 'Adjoint' },
  'interpolating-adjoint': { title: 'Interpolating adjoint' },
} as const;
export type GradientName = keyof typeof gradientNames;

/** How training goes. The engine is chosen apart: it is not a setting of the mathematics. */
export interface Settings {
  readonly solver: SolverName;
  /** Of adaptive solvers: relative and absolute. */
  readonly tolerance: number;
  /** Of the others: the step. */
  readonly h: number;
  readonly gradient: GradientName;
  /** Dimensions that the state has beyond those of the data. */
  readonly augment: number;
  readonly learningRate: number;
}
