/** The Neural ODE block of Chen et al. (2018). */
export { autonomous, type NodeDynamics } from './dynamics.ts';
export {
  neuralOde,
  type NeuralOde,
  type NeuralOdeParts,
  type TerminalOptions,
  type TrajectoryOptions,
} from './neural-ode.ts';
