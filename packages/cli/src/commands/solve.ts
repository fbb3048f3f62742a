/** `node-ode solve`: integrates a system given as a file of expressions. */
import { Option, type Command } from 'commander';
import type { Io } from '../io.ts';
import { addOdeFlags, numberFlag } from '../ode/flags.ts';
import { namesFlag, numbersFlag, spanFlag, valuesFlag, type SolveFlags } from '../solve/flags.ts';

const help = `
A system is a text file:

  # The Lorenz attractor
  s = 10; r = 28; b = 8/3       # names for numbers and expressions, in any order
  dx = s*(y - x)                # also: dx/dt = …, x' = …
  dy = x*(r - z) - y
  dz = x*y - b*z
  x(0) = 1; y(0) = 1; z(0) = 1  # initial values
  t = 0 .. 40                   # the time span; backwards: t = 0 .. -40
  stop when z > 50              # optional: ends where this becomes true (=: either way)

Expressions have + - * / ^, brackets, if(t < 1 and x > 0, a, b), pi, e, t and
sin cos tan asin acos atan atan2 sinh cosh tanh exp expm1 log ln log1p log2 log10
sqrt abs sign floor ceil round step sigmoid erf pow mod min max.

Systems that come along: ball, lorenz, lotka-volterra, pendulum, robertson, van-der-pol.

Examples:
  node-ode solve lorenz > lorenz.csv
  node-ode solve lorenz --param r=20 --span 0,100 --points 1001 --plot lorenz.png
  node-ode solve pendulum --solver dopri8 --rtol 1e-10 --also energy --phase pendulum.svg
  node-ode solve robertson --solver kvaerno5 --times 0.4,4,40,400 --json
  node-ode solve my-system.ode --solver rk4 --step-size 0.01 --backend reference
  echo "dx = -x; x(0) = 1; t = 0 .. 1" | node-ode solve - --points 2`;

/** Adds `solve`. */
export function registerSolve(program: Command, io: Io): void {
  const command = program
    .command('solve')
    .description('integrates a system of differential equations given as a file of expressions')
    .argument('<file>', 'the system: a path, - for stdin, or the name of one that comes along, such as lorenz')
    .option('--param <name=number,…>', 'other values for names that the file defines', valuesFlag)
    .option('--y0 <name=number,…>', 'other initial values', valuesFlag)
    .option('--span <t0,t1>', 'another time span', spanFlag)
    .option('--points <n>', 'rows, evenly spaced in time (101)', numberFlag({ atLeast: 2, integer: true }))
    .option('--times <t,…>', 'rows at these times, behind the first', numbersFlag)
    .option('--jumps <t,…>', 'times at which the equations are discontinuous', numbersFlag)
    .option('--also <name,…>', 'columns for other names of the file, such as an energy', namesFlag)
    .addOption(new Option('--format <format>', 'of the table').choices(['csv', 'jsonl']).default('csv'))
    .option('--out <file>', 'the table goes there instead of stdout')
    .option('--plot <file>', 'a picture over time, .svg or .png')
    .option('--phase <file>', 'a phase portrait, .svg or .png')
    .option('--axes <name,…>', 'what the pictures show: two names for --phase', namesFlag);
  addOdeFlags(command)
    .addHelpText('after', help)
    .action(async (file: string, flags: SolveFlags) => {
      const { solve } = await import('../solve/command.ts');
      await solve(file, flags, io);
    });
}
