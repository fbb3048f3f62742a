/** Augmented Neural ODEs (Dupont et al. 2019). */
export { anode, type AnodeOptions, type AnodeParams } from './anode.ts';
export { appendZeros, type AugmentOptions } from './augment.ts';
export { augmentedOde, type AugmentedOde, type AugmentedOdeParts, type FlowOptions } from './augmented-ode.ts';
export { convAnode, type ConvAnodeOptions, type ConvAnodeParams, type ImageShape } from './conv-anode.ts';
export { convField, mlpField, type ConvFieldParams, type FieldOptions, type MlpFieldParams } from './dynamics.ts';
export { residualNet, type ResidualNet, type ResidualNetOptions, type ResidualNetParams } from './residual-net.ts';
export { anodeModel, type AnodeModelOptions } from './plugin.ts';
