/** `node-ode schema`: the JSON Schema of configurations. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { schemaUrl } from '../config/validate.ts';
import type { Io } from '../io.ts';
import { write } from '../output/output.ts';

const examples = `
Examples:
  node-ode schema > node-ode.schema.json
  # in the first line of a YAML file, for editors:
  # yaml-language-server: $schema=./node-ode.schema.json`;

/** Adds `schema`. */
export function registerSchema(program: Command, io: Io): void {
  program
    .command('schema')
    .description('prints the JSON Schema of configurations')
    .addHelpText('after', examples)
    .action(async () => {
      await write(io.stdout, await readFile(schemaUrl, 'utf8'));
    });
}
