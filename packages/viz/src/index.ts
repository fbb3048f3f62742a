/** Pictures as SVG: charts, portraits, maps, images, and several of them in one. PNG and files: `@node-ode/viz/node`. */
export type { Axis } from './axis.ts';
export { cells, type CellOptions, type Cells, type CellValues } from './cells.ts';
export type { ColourMap } from './colour-map.ts';
export { decisionMap, type DecisionMapOptions } from './decision-map.ts';
export type { Figure } from './figure.ts';
export type { Band, FrameOptions } from './frame.ts';
export { grid, type GridOptions } from './grid.ts';
export { heatMap, type HeatMapOptions } from './heat-map.ts';
export { lineChart, type LineChartOptions } from './line-chart.ts';
export { colours } from './palette.ts';
export { phasePortrait, type Field, type PhasePortraitOptions, type SampledField } from './phase-portrait.ts';
export { scatter, type ScatterOptions } from './scatter.ts';
export type { Series } from './series.ts';
export type { Spread } from './spread.ts';
export { acrossRuns, type AcrossRuns } from './statistics.ts';
