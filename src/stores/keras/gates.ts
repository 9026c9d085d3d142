import type { Architecture } from '../../model.js';
import { type Block, layOut } from '../../networks/layout.js';

/** Slopes of a hard sigmoid's line: Keras 2 and TensorFlow.js have clip(0.2 z + 0.5, 0, 1), as netloop; Keras 3 has clip(z / 6 + 0.5, 0, 1). */
const KERAS_3_SLOPE = 1 / 6;
const OWN_SLOPE = 0.2;

/** Which of the gates i, f, c, o are sigmoids. */
const SIGMOID = [true, true, false, true];

/** Weights whose hard gates open as before when their line has another slope: z grows as the slope falls. Rounded once, to float32. */
function rescaled(architecture: Architecture, weights: Float32Array, factor: number): Float32Array {
  const out = weights.slice();
  const scale = ({ rows, columns, start }: Block): void => {
    for (let i = 0; i < rows * 4 * columns; i++) if (SIGMOID[Math.floor(i / columns) % 4]) out[start + i] = out[start + i]! * factor;
  };
  for (const { kernel, recurrent, bias, back } of layOut(architecture).lstm) {
    for (const block of [kernel, recurrent, bias]) scale(block);
    if (back) for (const block of [back.kernel, back.recurrent, back.bias]) scale(block);
  }
  return out;
}

const hard = ({ recurrentActivation }: Architecture): boolean => recurrentActivation === 'hard_sigmoid';

/** netloop's weights as Keras 3 means them. */
export const forKeras3 = (architecture: Architecture, weights: Float32Array): Float32Array =>
  hard(architecture) ? rescaled(architecture, weights, OWN_SLOPE / KERAS_3_SLOPE) : weights;

/** Weights that Keras 3 means, as netloop's. */
export const fromKeras3 = (architecture: Architecture, weights: Float32Array): Float32Array =>
  hard(architecture) ? rescaled(architecture, weights, KERAS_3_SLOPE / OWN_SLOPE) : weights;
