/** What training has cost so far, for the curves. */
import type { Cost } from '../scenes/trainer.ts';
import type { ChartData, Line } from './draw/chart.ts';

/** Costs of all steps, of each model. */
export interface History {
  add(costs: readonly (readonly Cost[])[]): void;
  /** A setting is changed here. */
  mark(): void;
  clear(): void;
  last(): readonly Cost[];
  loss(): ChartData;
  nfe(): ChartData;
}

const colours = ['first', 'second', 'third'] as const;

/** The history of these models. */
export function historyOf(models: readonly string[]): History {
  let costs: (readonly Cost[])[] = [];
  let columns = empty();
  let changes: number[] = [];
  function empty(): Record<'loss' | 'nfe' | 'nfeBackward', number[]>[] {
    return models.map(() => ({ loss: [], nfe: [], nfeBackward: [] }));
  }
  // One model needs no name; dashes are explained by the chart's title.
  const linesOf = (column: 'loss' | 'nfe' | 'nfeBackward', dash: readonly number[] = []): Line[] =>
    models.map((model, i) => ({
      name: models.length === 1 || dash.length > 0 ? '' : model,
      colour: colours[i] ?? 'third',
      dash,
      values: columns[i]?.[column] ?? [],
    }));
  return {
    add: (more) => {
      costs = more.length === 0 ? costs : [more.at(-1) ?? []];
      for (const step of more) {
        step.forEach(({ loss, nfe, nfeBackward }, i) => {
          columns[i]?.loss.push(loss);
          columns[i]?.nfe.push(nfe);
          columns[i]?.nfeBackward.push(nfeBackward);
        });
      }
    },
    mark: () => {
      const step = columns[0]?.loss.length ?? 0;
      if (step > 0 && changes.at(-1) !== step) changes.push(step);
    },
    clear: () => {
      [costs, columns, changes] = [[], empty(), []];
    },
    last: () => costs[0] ?? [],
    loss: () => ({ lines: linesOf('loss'), changes, scale: 'log' }),
    nfe: () => ({
      lines: [...linesOf('nfe'), ...linesOf('nfeBackward', [4, 3])],
      changes,
      scale: 'linear',
    }),
  };
}
