/**
 * `npm run swiftshader` finds or downloads a software Vulkan driver and prints the environment that uses it;
 * `npm run swiftshader -- COMMAND …` runs a command in that environment.
 */
import { spawnSync } from 'node:child_process';
import { installSwiftShader } from './install.ts';
import { environmentOf, findSwiftShader } from './swiftshader.ts';

const found = findSwiftShader();
const ready = 'reason' in found ? await installSwiftShader() : found;
const [command, ...args] = process.argv.slice(2);

if ('reason' in ready) {
  console.error(ready.reason);
  process.exitCode = 1;
} else if (command === undefined) {
  for (const [name, value] of Object.entries(environmentOf(ready))) console.log(`export ${name}='${value}'`);
} else {
  const { status, error } = spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...environmentOf(ready) },
  });
  if (error !== undefined) console.error(error.message);
  process.exitCode = status ?? 1;
}
