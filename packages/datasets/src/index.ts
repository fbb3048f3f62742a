/** Data sets and what prepares them. Files: `@node-ode/datasets/node`. */
export { columns } from './csv/columns.ts';
export { parseCsv, type CsvOptions, type CsvTable } from './csv/parse.ts';
export { lynxHare, lynxHareColumns, type LynxHareOptions, type LynxHareSeries } from './lynx-hare/lynx-hare.ts';
export { inMemory } from './memory/in-memory.ts';
export { timeSeries } from './memory/time-series.ts';
export { trainTestSplit, type SplitOptions } from './prepare/split.ts';
export { standardize, standardizer, type Standardizer } from './prepare/standardize.ts';
export { cubicSpiral, type CubicSpiral, type CubicSpiralOptions, type SpiralSample } from './spiral/cubic-spiral.ts';
