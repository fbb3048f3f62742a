/** Data sets and what prepares them. Files and downloads: `@node-ode/datasets/node`. */
export {
  breastCancer,
  breastCancerClasses,
  breastCancerTable,
  type BreastCancerOptions,
} from './breast-cancer/breast-cancer.ts';
export { CellError, type Cell } from './csv/cell-error.ts';
export { columns } from './csv/columns.ts';
export { parseCsv, type CsvOptions, type CsvTable } from './csv/parse.ts';
export type { Generated, GenerateOptions } from './generate/generated.ts';
export {
  bidirectionalSpirals,
  type BidirectionalSpiralOptions,
  type SpiralPieces,
} from './generate/orbits/bidirectional-spirals.ts';
export {
  dampedPendulum,
  lorenz,
  lotkaVolterra,
  vanDerPol,
  type DampedPendulumOptions,
  type LorenzOptions,
  type LotkaVolterraOptions,
  type VanDerPolOptions,
} from './generate/orbits/systems.ts';
export {
  trajectories,
  type System,
  type TrajectoryOptions,
  type TrajectorySample,
} from './generate/orbits/trajectories.ts';
export {
  checkerboard,
  eightGaussians,
  pinwheel,
  twoCircles,
  twoMoons,
  type NoiseOptions,
  type PinwheelOptions,
} from './generate/points/densities.ts';
export type { LabelledPoints, TargetPoints } from './generate/points/points.ts';
export {
  crossingMap,
  shiftedSines,
  spheres,
  type CrossingMapOptions,
  type ShiftedSinesOptions,
  type SpheresOptions,
} from './generate/points/spheres.ts';
export { augment, augmented, type AugmentOptions } from './images/augment.ts';
export { cifar10Classes, parseCifar10 } from './images/cifar10.ts';
export { parseIdx, type IdxArray, type IdxData } from './images/idx.ts';
export {
  imageDataset,
  type ImageDataset,
  type ImageOptions,
  type ImageSample,
  type RawImages,
} from './images/images.ts';
export { lynxHare, lynxHareColumns, type LynxHareOptions, type LynxHareSeries } from './lynx-hare/lynx-hare.ts';
export { parseMat, type MatArray, type MatOptions } from './mat/parse.ts';
export { parseSvhn } from './mat/svhn.ts';
export type { MatNumbers } from './mat/types.ts';
export { inMemory } from './memory/in-memory.ts';
export { timeSeries } from './memory/time-series.ts';
export { kFold, type FoldOptions } from './prepare/folds.ts';
export { trainTestSplit, type SplitOptions } from './prepare/split.ts';
export { standardize, standardizer, type Standardizer } from './prepare/standardize.ts';
export { seriesOf, type SeriesColumns } from './series/collect.ts';
export {
  irregularSeries,
  type IrregularDataset,
  type IrregularOptions,
  type IrregularSample,
  type Series,
} from './series/irregular.ts';
export {
  physionetDescriptors,
  physionetFrom,
  physionetParameters,
  type PhysionetDataset,
  type PhysionetOptions,
  type PhysionetRow,
} from './series/physionet.ts';
export { sharedTimes, type SharedTimesSample } from './series/shared-times.ts';
export type { HostDynamics } from './spiral/extrapolate.ts';
export { cubicSpiral, type CubicSpiral, type CubicSpiralOptions, type SpiralSample } from './spiral/cubic-spiral.ts';
export { shuffledStream, type ShuffleOptions } from './stream/shuffled.ts';
export { MissingValueError } from './table/missing-value-error.ts';
export {
  tableClassification,
  tableRegression,
  type ClassificationDataset,
  type ClassificationSample,
  type RegressionDataset,
  type RegressionOptions,
  type RegressionSample,
  type TabularDataset,
  type TabularOptions,
} from './table/tabular.ts';
