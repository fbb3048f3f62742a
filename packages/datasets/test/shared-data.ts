/** For tests: the folder of data sets that are too large for the repository. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const beside = fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const named = process.env['NODE_ODE_DATA'];

/** What `NODE_ODE_DATA` says, else `../shared/data` beside the repository; undefined if there is neither. */
export const sharedData: string | undefined =
  named !== undefined && named !== '' ? named : existsSync(beside) ? beside : undefined;

/** Why a test is skipped. */
export const noData = 'NODE_ODE_DATA is not set and ../shared/data does not exist';
