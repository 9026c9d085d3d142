import type { TrainOptions } from '../model.js';
import type { Network } from './network.js';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7; // Keras' default

/** Turns gradients into new weights. */
export interface Optimizer {
  /** The sum of gradient slots 0..used-1, in that order, moves the weights. */
  step(used: number): void;
}

/** Adam or gradient descent on a network's own arrays; `clipNorm` above 0 scales a gradient whose global L2 norm is larger down to it. */
export function createOptimizer(
  { kernels: k, layout: { padded }, at, prepare }: Network,
  { optimizer, learningRate, clipNorm }: Required<Pick<TrainOptions, 'optimizer' | 'learningRate' | 'clipNorm'>>,
): Optimizer {
  let decay1 = 1;
  let decay2 = 1;
  const clipped = (used: number): number => {
    k.fold(padded, at.gradients, padded, used - 1);
    const norm = Math.sqrt(k.squares(padded, at.gradients));
    return norm > clipNorm ? clipNorm / norm : 1;
  };
  return {
    step(used) {
      const clip = clipNorm > 0 ? clipped(used) : 1;
      const more = clipNorm > 0 ? 0 : used - 1;
      if (optimizer === 'adam') {
        decay1 *= BETA1;
        decay2 *= BETA2;
        const rate = (learningRate * Math.sqrt(1 - decay2)) / (1 - decay1);
        k.adam(padded, at.weights, at.moment1, at.moment2, at.gradients, padded, more, clip, rate, BETA1, BETA2, EPSILON);
      } else k.sgd(padded, at.weights, at.gradients, padded, more, clip, learningRate);
      prepare();
    },
  };
}
