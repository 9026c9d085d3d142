import type { Network, Part } from './network.js';
import type { Plan } from './plan.js';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7; // Keras' default

/** What a batch's gradient is worth: shards summed into slots 0..used-1, the factor that clips, the rate with its bias corrections. */
export interface Step {
  readonly used: number;
  readonly clip: number;
  readonly rate: number;
}

/** Weighs up a batch before its update; done once a batch, by one thread. */
export interface Optimizer {
  weigh(used: number, learningRate: number): Step;
}

/** Adam's bias corrections, and `clipNorm` above 0: a gradient whose L2 norm over all that learns is larger is scaled down to it. */
export function createOptimizer({ kernels: k, layout: { padded }, at, parts }: Network, { optimizer, clipNorm, frozen }: Plan): Optimizer {
  let decay1 = 1;
  let decay2 = 1;
  const ranges = learning(parts, frozen);
  const clipped = (used: number): number => {
    k.fold(padded, at.gradients, padded, used - 1);
    const norm = Math.sqrt(ranges.reduce((sum, { offset, length }) => sum + k.squares(length, at.gradients + 4 * offset), 0));
    return norm > clipNorm ? clipNorm / norm : 1;
  };
  return {
    weigh(used, learningRate) {
      const step = clipNorm > 0 ? { clip: clipped(used), used: 1 } : { clip: 1, used };
      if (optimizer === 'sgd') return { ...step, rate: learningRate };
      decay1 *= BETA1;
      decay2 *= BETA2;
      return { ...step, rate: (learningRate * Math.sqrt(1 - decay2)) / (1 - decay1) };
    },
  };
}

/** Stretches of memory whose weights learn; neighbours are joined, so that a whole network is one. */
function learning(parts: readonly Part[], frozen: readonly string[]): { offset: number; length: number }[] {
  const ranges: { offset: number; length: number }[] = [];
  for (const { layer, offset, length } of parts) {
    if (frozen.includes(layer)) continue;
    const last = ranges.at(-1);
    if (last && last.offset + last.length === offset) last.length += length;
    else ranges.push({ offset, length });
  }
  return ranges;
}

/** Moves and packs the weights of one part. */
export function update({ kernels: k, layout: { padded }, at }: Network, plan: Plan, part: Part, { used, clip, rate }: Step): void {
  const { offset, length } = part;
  const from = (array: number): number => array + 4 * offset;
  const [w, m, v, g] = [from(at.weights), from(at.moment1), from(at.moment2), from(at.gradients)];
  if (plan.optimizer === 'adam') k.adam(length, w, m, v, g, padded, used - 1, clip, rate, BETA1, BETA2, EPSILON);
  else if (plan.momentum > 0) k.momentum(length, w, m, g, padded, used - 1, clip, rate, plan.momentum);
  else k.sgd(length, w, g, padded, used - 1, clip, rate);
  part.pack();
}
