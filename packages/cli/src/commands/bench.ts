/** `node-ode bench`: solvers, engines and tolerances side by side. */
import { Option, type Command } from 'commander';
import type { BenchFlags } from '../bench/command.ts';
import type { Io } from '../io.ts';
import { numberFlag } from '../ode/flags.ts';
import { namesFlag, positiveNumbersFlag, spanFlag } from '../solve/flags.ts';

const help = `
Each solver is run on each engine at each tolerance (atol is a thousandth of rtol), in rounds in which
all of them take turns. Times are medians; “ratio” is to the first row, round by round. The error is
that of the last state, beside a solve in f64 with a tolerance of 1e-13. Chaotic systems need a short span.

Examples:
  node-ode bench
  node-ode bench lorenz --span 0,5 --solvers dopri5,tsit5,dopri8 --rtols 1e-3,1e-6,1e-9 --plot bench.png
  node-ode bench pendulum --backends wasm,reference,onnx-cpu,tfjs-cpu --rtols 1e-4 --dtype f32
  node-ode bench my-system.ode --solvers ./my-solver.js,dopri5 --json`;

/** Adds `bench`. */
export function registerBench(program: Command, io: Io): void {
  program
    .command('bench')
    .description('times solvers and engines on a system of equations, and measures their errors')
    .argument('[system]', 'as of node-ode solve', 'pendulum')
    .option('--solvers <name,…>', 'short names, packages or paths', namesFlag, ['dopri5', 'tsit5'])
    .option('--backends <name,…>', 'short names, packages or paths', namesFlag, ['wasm'])
    .option('--rtols <number,…>', 'relative tolerances', positiveNumbersFlag, [1e-3, 1e-6, 1e-9])
    .option('--step-size <number>', 'for solvers without an error estimate', numberFlag({ above: 0 }))
    .addOption(new Option('--dtype <dtype>', 'the best of each engine by default').choices(['f32', 'f64']))
    .option('--rounds <n>', 'measured rounds', numberFlag({ atLeast: 1, integer: true }), 20)
    .option('--span <t0,t1>', 'another time span', spanFlag)
    .option('--plot <file>', 'error against time, .svg or .png')
    .addHelpText('after', help)
    .action(async (system: string, flags: BenchFlags) => {
      const { bench } = await import('../bench/command.ts');
      await bench(system, flags, io);
    });
}
