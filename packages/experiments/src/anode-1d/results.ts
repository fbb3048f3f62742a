/** Tables, figures and notes of the experiment. */
import { modelNames } from '../anode/point-models.ts';
import { spread, type Results, type Table } from '../lab/index.ts';
import { crossingFigure, lossFigure, planeFigure, spheresFigure } from './figures.ts';
import { evaluationTolerance, type Run, type Task } from './task.ts';

/** What the issue asks of ANODE. */
const wanted = 0.01;
/** How far a flow may be below the bound by what its solves are off. */
const slack = 1e-3;

/** Everything that is written. */
export function resultsOf(tasks: readonly Task[], runs: readonly Run[], seeds: readonly number[]): Results {
  const [first = 0] = seeds;
  return {
    tables: [errors(tasks, runs)],
    figures: [
      {
        name: 'crossing',
        figure: crossingFigure(runs, first),
        caption: `The learned flows of the crossing map, seed ${first}, −1 and 1 with dots: NODE's trajectories keep their order and meet in the middle; ResNet's jumps (dashed) cross, and so does the first dimension of ANODE's flow.`,
      },
      {
        name: 'plane',
        figure: planeFigure(runs, first),
        caption: `How ANODE crosses, seed ${first}: its trajectories in the plane of the input's dimension and the first extra one, from t = 0 (dots) to 1.`,
      },
      {
        name: 'spheres',
        figure: spheresFigure(runs, first),
        caption: `What the models make of the line, seed ${first}: −1 is wanted for |x| ≤ 0.5 and 1 for 1 ≤ |x| ≤ 1.5. NODE is monotone, one way or the other, with the best monotone fit beside it.`,
      },
      {
        name: 'loss',
        figure: lossFigure(tasks, runs),
        caption: 'Mean squared error over each epoch, mean over seeds; dashed, that of the best monotone fit.',
      },
    ],
    notes: [...tasks.flatMap((task) => claims(task, runs)), ...remarks],
  };
}

const remarks = [
  'The best monotone fit is the isotonic regression of each seed’s own points; with a linear layer behind the flow, the better of the best non-decreasing and the best non-increasing one.',
  `Errors are over the points to train on, by solves at tolerance ${evaluationTolerance.toExponential()}, so that they are the flow's and not its solver's; the column beside has those at the tolerance of training, where errors of the solver can cross.`,
  'The paper prints no numbers for these figures. It says that NODE can’t represent the maps, and shows both points going to the middle.',
];

const of = (runs: readonly Run[], task: Task, model: string): readonly Run[] =>
  runs.filter((run) => run.task === task.name && run.model === model);

const errors = (tasks: readonly Task[], runs: readonly Run[]): Table => ({
  title: 'Mean squared error',
  columns: [
    'task',
    'model',
    'parameters',
    'MSE',
    'MSE, training tolerance',
    { name: 'best monotone fit', digits: 4 },
    { name: 'NFE, first epoch', digits: 1 },
    { name: 'NFE, last epoch', digits: 1 },
    { name: 'seconds', digits: 1 },
  ],
  rows: tasks.flatMap((task) =>
    modelNames.map((model) => {
      const list = of(runs, task, model);
      const over = (value: (run: Run) => number) => spread(list.map(value));
      const isFlow = model !== 'ResNet';
      return [
        task.title,
        model,
        list[0]?.parameters ?? null,
        over((run) => run.mse),
        isFlow ? over((run) => run.looseMse) : null,
        over((run) => run.bound),
        isFlow ? over((run) => run.curves.nfe[0] ?? NaN) : null,
        isFlow ? over((run) => run.curves.nfe.at(-1) ?? NaN) : null,
        over((run) => run.curves.seconds),
      ];
    }),
  ),
});

/** Whether what is to be shown was, seed by seed. */
function claims(task: Task, runs: readonly Run[]): readonly string[] {
  const node = of(runs, task, 'NODE');
  const anode = of(runs, task, 'ANODE');
  const held = node.filter((run) => run.mse >= run.bound * (1 - slack)).length;
  const reached = anode.filter((run) => run.mse <= wanted).length;
  return [
    `${task.title}: NODE is at or above the best monotone fit in ${held} of ${node.length} seeds (up to ${slack * 100} % for rounding); ANODE is at or below ${wanted} in ${reached} of ${anode.length}.`,
  ];
}
