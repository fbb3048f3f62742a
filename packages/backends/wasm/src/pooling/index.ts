/** Pooling of images and its gradients. */
export { emitMaxPool, emitMaxPoolGrad, emitMeanPool, emitMeanPoolGrad } from './emit.ts';
export { divisorOf } from './counts.ts';
export { planeWindows, type PlaneWindows } from './windows.ts';
