/** `node-ode forecast`: how series go on. */
import type { Command } from 'commander';
import { isSeriesProblem, type HostSeries, type SeriesInfo } from '../data/problem.ts';
import { toModel } from '../data/series.ts';
import { wholeSeries } from '../data/raw-series.ts';
import { UsageError } from '../errors.ts';
import { trainedOn } from '../evaluate/evaluate.ts';
import { forecast, forecasterOf } from '../evaluate/forecast.ts';
import { withModel } from '../evaluate/loaded.ts';
import { addSolveFlags, solveChanges, type FlagOptions } from '../evaluate/options.ts';
import type { Io } from '../io.ts';
import { countOf, realOf } from '../output/count.ts';
import { formatNamed } from '../rows/read.ts';
import { openSink } from '../rows/write.ts';
import { readModel, type StoredModel } from '../trained/model-file.ts';

const examples = `
A forecast starts at the last time at which all values are observed. Without a file the series are those of the data that the
model was trained on, what was held out included. Each series of a file is forecast when it is whole: its rows come one after another,
and no others are kept. Where those of several are mixed, say --mixed: all are kept.

Examples:
  node-ode forecast output/lynx-hare --points 10
  node-ode forecast output/tides history.csv --points 24 --every 0.5 > tomorrow.csv
  node-ode forecast output/spirals-latent history.jsonl --json
  cat by-time.csv | node-ode forecast output/tides - --mixed`;

/** Adds `forecast`. */
export function registerForecast(program: Command, io: Io): void {
  const command = program
    .command('forecast')
    .description('how time series go on')
    .argument('<model>', 'the file or the folder that train wrote')
    .argument(
      '[history]',
      'CSV or JSON lines with the columns of the series it was trained on, - for stdin; by default those',
    )
    .option('--points <NUMBER>', 'times of the forecast', '10')
    .option('--every <TIME>', 'from one time to the next; by default as in training')
    .option('--mixed', 'rows of several series come in any order')
    .option('--out <FILE>', 'where rows go; stdout by default')
    .option('--format <NAME>', 'of both ends: csv or jsonl; by default what the files are called')
    .option('--delimiter <CHARACTER>', 'between fields of CSV that is read', ',')
    .addHelpText('after', examples);
  addSolveFlags(command).action(async (model: string, history: string | undefined, options: FlagOptions) => {
    await runForecast(model, history, options, io);
  });
}

async function runForecast(given: string, history: string | undefined, options: FlagOptions, io: Io): Promise<void> {
  const stored = await readModel(given, io.cwd);
  const { info } = stored;
  if (info.task !== 'forecast') {
    throw new UsageError('forecast', `the model is for ${info.task}`, {
      expected: 'a model of series',
      advice: 'See node-ode predict --help.',
    });
  }
  const points = countOf('--points', options['points'], 1);
  const every = realOf('--every', options['every']) ?? info.timeUnit;
  if (!(every > 0)) throw new UsageError('--every', String(every), { expected: 'a positive time' });
  const out = typeof options['out'] === 'string' ? options['out'] : undefined;
  const format = formatNamed(options['format']) ?? (options.json === true ? 'jsonl' : undefined);
  await withModel(stored, solveChanges(options, io.cwd), io, async (loaded) => {
    const forecaster = forecasterOf(info, loaded);
    const sink = await openSink({ out, format }, io);
    try {
      io.stepDone?.();
      for await (const series of histories(stored, info, history, options, io)) {
        if (io.signal.aborted) break;
        const last = series.t.at(-1) ?? 0;
        const times = Array.from({ length: points }, (_, k) => last + ((k + 1) * every) / info.timeUnit);
        const values = await forecast(forecaster, series, times);
        io.stepDone?.();
        await sink.write(times.map((time, k) => rowOf(info, series.id, time, values, k)));
      }
      await sink.close();
    } finally {
      forecaster.runner.dispose();
    }
  });
}

function rowOf(info: SeriesInfo, id: string, time: number, values: Float64Array, k: number): Record<string, unknown> {
  const width = info.values.length;
  return {
    ...(info.series === undefined ? {} : { [info.series]: id }),
    [info.time]: rounded(time * info.timeUnit),
    ...Object.fromEntries(info.values.map((name, c) => [name, values[k * width + c]])),
  };
}

/** Without what division and multiplication left. */
const rounded = (time: number): number => Number(time.toPrecision(12));

/** What forecasts go on from, in the model's units. */
async function* histories(
  stored: StoredModel,
  info: SeriesInfo,
  path: string | undefined,
  { format, delimiter, mixed }: FlagOptions,
  io: Io,
): AsyncGenerator<HostSeries> {
  if (path === undefined) {
    const problem = await trainedOn(stored, io);
    if (isSeriesProblem(problem)) yield* problem.all;
    return;
  }
  const source = { path, format: formatNamed(format), delimiter: typeof delimiter === 'string' ? delimiter : ',' };
  const all = wholeSeries(source, info, io, { areMixed: mixed === true });
  for await (const series of all) yield toModel(series, info);
}
