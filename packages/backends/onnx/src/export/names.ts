/** Names of a model's inputs and outputs: the paths of their trees. */
import { OptionError, type TreeStructure } from '@node-ode/core';

/** `layers[0].w` as a name: `layers.0.w`. */
const dotted = (path: string): string => path.replace(/\[(\d+)\]/g, '.$1').replace(/^\./, '');

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('.');

/**
 * Names of the leaves of the arguments: those of `names` and of the paths below, `params.w`. An argument without a name is
 * `input0`, `input1`, …; the leaves of a single one that is a tree have their paths alone.
 *
 * @throws OptionError if two are the same, or if there are more names than arguments.
 */
export function inputNames(args: TreeStructure, names: readonly string[] | undefined): readonly string[] {
  const split = args.paths.map((path) => {
    const [, position = '', rest = ''] = /^\[(\d+)\]\.?(.*)$/.exec(path) ?? [];
    return { position: Number(position), rest };
  });
  const isSingleTree = args.paths.length > 0 && split.every(({ position, rest }) => position === 0 && rest !== '');
  const unused = names?.find((name, i) => name === '' || !split.some(({ position }) => position === i));
  if (unused !== undefined) {
    throw new OptionError('exportOnnx', `names has '${unused}'`, { expected: 'one name for each argument' });
  }
  const found = split.map(({ position, rest }) => {
    const name = names?.[position] ?? (isSingleTree ? '' : `input${position}`);
    return joined(name, dotted(rest));
  });
  requireUnique('arguments', found, args.paths);
  return found;
}

/**
 * Names of the leaves of the result: their paths; `output` if the result is one tensor, `output0.w` for the leaves of a
 * list. One that an input has already gets `_out` behind it.
 *
 * @throws OptionError if two are the same.
 */
export function outputNames(result: TreeStructure, inputs: readonly string[]): readonly string[] {
  const found = result.paths
    .map((path) => (path === '' || path.startsWith('[') ? `output${path}` : path))
    .map(outputName);
  requireUnique('result', found, result.paths);
  const taken = new Set([...inputs, ...found]);
  return found.map((name) => {
    if (!inputs.includes(name)) return name;
    let free = `${name}_out`;
    while (taken.has(free)) free = `${free}_out`;
    taken.add(free);
    return free;
  });
}

/** `output[0].w` is `output0.w`: the position belongs to the name as that of an input does. */
const outputName = (path: string): string => dotted(path.replace(/^output\[(\d+)\]/, 'output$1'));

function requireUnique(what: string, names: readonly string[], paths: readonly string[]): void {
  names.forEach((name, i) => {
    const before = names.indexOf(name);
    if (name !== '' && before === i) return;
    const clash = name === '' ? 'has no name' : `and ${paths[before] ?? ''} both have the name '${name}'`;
    throw new OptionError('exportOnnx', `of the ${what}, ${paths[i] ?? ''} ${clash}`, {
      expected: 'one name for each leaf',
      advice: 'Use other keys in the tree, or other names.',
    });
  });
}
