// Links a new package into node_modules, and the lock file.
import { spawnSync } from 'node:child_process';

/** @throws Error if npm fails. */
export function installTask() {
  // No dependency of the workspace needs its install script; npm would ask for those that are not allowed.
  const { status } = spawnSync('npm', ['install', '--ignore-scripts', '--prefer-offline'], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm install ended with ${String(status)}: run it again to link the new package.`);
}
