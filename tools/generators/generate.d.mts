import type { Tree } from '@nx/devkit';

/** What `nx g @node-ode/tools:KIND` is given: schema.json. */
export interface GeneratorOptions {
  readonly name: string;
  readonly description?: string;
  readonly install?: boolean;
}

/** Makes a package in the tree; what it gives links the package and says what to do next. */
export type Generator = (tree: Tree, options: GeneratorOptions) => Promise<() => void>;

export const solver: Generator;
export const controller: Generator;
export const gradient: Generator;
export const backend: Generator;
export const model: Generator;
export const dataset: Generator;
