/** From a problem to its program, on any backend. */
import { createOde, UnsupportedError, type Backend, type GradientMethod, type Ode } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { unitsOf, type GradientName, type Problem, type Task } from '../problem.ts';
import { evaluationsProgram } from './evaluations.ts';
import { gradientProgram } from './gradient.ts';
import { replayProgram, tfjsNameOf } from './kernels/replay-program.ts';
import type { Program } from './program.ts';
import { solveProgram } from './solve.ts';
import { stepsProgram } from './steps.ts';
import { trainingProgram } from './training.ts';

const gradients: Readonly<Record<GradientName, () => GradientMethod>> = { adjoint, backprop };

/** The solver and the gradient method that a problem asks for. */
function odeOf(backend: Backend, { dtype, rtol, atol, maxSteps }: Problem, task: Task): Ode {
  const gradient = 'gradient' in task ? { gradient: gradients[task.gradient]() } : {};
  return createOde({ backend, solver: dopri5(), rtol, atol, maxSteps, dtype, ...gradient });
}

/** Makes the program of a problem; it compiles when it first runs. */
export async function programOf(backend: Backend, problem: Problem): Promise<Program> {
  const { task } = problem;
  if (task.kind === 'kernelCalls') {
    const tfjsName = tfjsNameOf(backend.name);
    if (tfjsName === undefined)
      throw new UnsupportedError('bench', `kernel calls of ${backend.name}`, { expected: 'an engine on tfjs' });
    return replayProgram(tfjsName, unitsOf(task), () => programOf(backend, { ...problem, task: task.of }));
  }
  const ode = odeOf(backend, problem, task);
  switch (task.kind) {
    case 'solve':
      return solveProgram(ode, problem, task);
    case 'gradient':
      return gradientProgram(ode, problem, task);
    case 'training':
      return trainingProgram(ode, problem, task);
    case 'steps':
      return stepsProgram(ode, problem, task);
    case 'evaluations':
      return evaluationsProgram(ode, problem, task);
  }
}
