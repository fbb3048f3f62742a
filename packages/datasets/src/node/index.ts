/** What needs Node: files. */
export { dataPath, dataVariable } from './data-path.ts';
export { readCsv } from './read-csv.ts';
