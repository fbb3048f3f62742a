/** Pictures as SVG: charts, portraits, maps, images, several of them in one, and in time. PNG, GIF and files: `@node-ode/viz/node`. */
export { toleranceChart, workPrecision, type Accuracy, type AccuracyOptions } from './accuracy-charts.ts';
export { animate, type AnimateOptions, type Animation } from './animate.ts';
export type { Axis } from './axis.ts';
export { barChart, type BarChartOptions, type Bars } from './bar-chart.ts';
export { cells, type CellOptions, type Cells, type CellValues } from './cells.ts';
export type { ColourMap } from './colour-map.ts';
export { decisionMap, type DecisionMapOptions } from './decision-map.ts';
export type { Figure } from './figure.ts';
export { flowLines, type FlowLinesOptions, type Particles } from './flow-lines.ts';
export type { Band, FrameOptions } from './frame.ts';
export { grid, type GridOptions } from './grid.ts';
export { heatMap, type HeatMapOptions } from './heat-map.ts';
export { imageGrid, type ImageGridOptions } from './image-grid.ts';
export {
  densityEvolution,
  featureEvolution,
  flowAt,
  type DensityEvolutionOptions,
  type FeatureEvolutionOptions,
  type FlowAtOptions,
  type PanelOptions,
} from './in-time.ts';
export {
  learningCurves,
  nfeCurves,
  type LearningCurve,
  type NfeCurve,
  type Runs,
  type TrainingFrame,
} from './learning-curves.ts';
export { lineChart, type LineChartOptions } from './line-chart.ts';
export { colours } from './palette.ts';
export { phasePortrait, type Field, type PhasePortraitOptions, type SampledField } from './phase-portrait.ts';
export { scatter, type ScatterOptions } from './scatter.ts';
export type { Series } from './series.ts';
export type { Spread } from './spread.ts';
export { acrossRuns, type AcrossRuns } from './statistics.ts';
