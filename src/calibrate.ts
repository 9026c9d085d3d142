import { exp, log } from './math.js';

const clip = (p: number): number => Math.min(1 - 1e-7, Math.max(1e-7, p));
const logit = (p: number): number => log(clip(p) / (1 - clip(p)));

/** A score cooled or warmed by a temperature: sigmoid(logit(p) / t). Above 1 makes a model less sure. */
export const withTemperature = (p: number, temperature: number): number => 1 / (1 + exp(-logit(p) / temperature));

/**
 * Temperature scaling (Guo et al. 2017): the one number that minimises cross-entropy on trusted rows the model was not trained on.
 * Golden-section search over log-free range [0.05, 20], 60 steps: deterministic.
 */
export function fitTemperature(scores: ArrayLike<number>, truth: ArrayLike<number>): number {
  const logits = Float64Array.from({ length: scores.length }, (_, i) => logit(scores[i]!));
  const loss = (t: number): number => {
    let sum = 0;
    for (let i = 0; i < logits.length; i++) sum -= log(clip(1 / (1 + exp((truth[i] === 1 ? -logits[i]! : logits[i]!) / t))));
    return sum;
  };
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = 0.05;
  let high = 20;
  for (let step = 0; step < 60; step++) {
    const a = high - ratio * (high - low);
    const b = low + ratio * (high - low);
    if (loss(a) <= loss(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}

/** Expected calibration error with equal bins (Guo et al.: 15): mean |confidence - accuracy| weighted by rows. */
export function calibrationError(scores: ArrayLike<number>, truth: ArrayLike<number>, bins = 15): number {
  const sums = Array.from({ length: bins }, () => ({ rows: 0, sure: 0, right: 0 }));
  for (let i = 0; i < scores.length; i++) {
    const attack = scores[i]! >= 0.5;
    const sure = attack ? scores[i]! : 1 - scores[i]!;
    const bin = sums[Math.min(bins - 1, Math.floor(sure * bins))]!;
    bin.rows++;
    bin.sure += sure;
    if (attack === (truth[i] === 1)) bin.right++;
  }
  return scores.length === 0 ? 0 : sums.reduce((sum, b) => sum + Math.abs(b.sure - b.right), 0) / scores.length;
}
