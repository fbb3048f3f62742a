/** Pooling of images and its gradients. */
export { divisorOf } from './counts.ts';
export {
  emitMaxPool,
  emitMaxPoolGrad,
  emitMeanPool,
  emitMeanPoolGrad,
  maxPoolGradRegions,
  maxPoolRegions,
  meanPoolGradRegions,
  meanPoolRegions,
} from './emit.ts';
export { elementWindows, planeWindows } from './windows.ts';
