/** What needs Node: files and downloads. */
export { dataPath, dataVariable } from './data-path.ts';
export type { Checksum } from './download/checksum.ts';
export { download, type DownloadOptions, type DownloadProgress, type Source } from './download/download.ts';
export {
  loadCifar10,
  loadIdx,
  loadMnist,
  loadSvhn,
  type LoadCifar10Options,
  type LoadImagesOptions,
} from './load/images.ts';
export type { LoadOptions } from './load/locate.ts';
export { loadMat } from './load/mat.ts';
export { MissingDataError, type MissingData } from './load/missing-data-error.ts';
export { loadPhysionet2012 } from './load/physionet.ts';
export { loadBreastCancer, loadCaliforniaHousing, loadLynxHare, type CaliforniaHousingOptions } from './load/tables.ts';
export { readCsv } from './read-csv.ts';
export { streamCsv, type StreamCsvOptions } from './stream/csv.ts';
export { streamIdx, streamIdxImages, type StreamIdxOptions } from './stream/idx.ts';
