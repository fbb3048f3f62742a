/** Pictures as SVG: line charts, phase portraits, and several of them in one. PNG and files: `@node-ode/viz/node`. */
export type { Axis } from './axis.ts';
export type { Figure } from './figure.ts';
export type { Band, FrameOptions } from './frame.ts';
export { grid, type GridOptions } from './grid.ts';
export { lineChart, type LineChartOptions } from './line-chart.ts';
export { colours } from './palette.ts';
export { phasePortrait, type Field, type PhasePortraitOptions, type SampledField } from './phase-portrait.ts';
export type { Series } from './series.ts';
