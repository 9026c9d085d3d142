import { expect, test } from 'vitest';
import { calibrationError, fitTemperature, withTemperature } from '../src/calibrate.js';
import { createRandom } from '../src/random.js';

/** Rows whose attack probability is truly `p`, reported by a model that is `sharpness` times too sure (in logits). */
function rows(sharpness: number) {
  const random = createRandom(3);
  const scores: number[] = [];
  const truth: number[] = [];
  for (let i = 0; i < 4000; i++) {
    const logit = (random.next() - 0.5) * 6;
    truth.push(random.next() < 1 / (1 + Math.exp(-logit)) ? 1 : 0);
    scores.push(1 / (1 + Math.exp(-logit * sharpness)));
  }
  return { scores, truth };
}

test('temperature scaling recovers the factor by which a model is too sure', () => {
  const { scores, truth } = rows(3);
  const temperature = fitTemperature(scores, truth);
  expect(temperature).toBeGreaterThan(2.7);
  expect(temperature).toBeLessThan(3.3);
  const cooled = scores.map((s) => withTemperature(s, temperature));
  expect(calibrationError(cooled, truth)).toBeLessThan(calibrationError(scores, truth) / 3);
});

test('a calibrated model keeps a temperature near 1', () => {
  const { scores, truth } = rows(1);
  expect(Math.abs(fitTemperature(scores, truth) - 1)).toBeLessThan(0.1);
});

test('calibration error by hand: two bins', () => {
  expect(calibrationError([0.9, 0.9, 0.6, 0.6], [1, 1, 1, 0], 15)).toBeCloseTo((2 * 0.1 + 2 * 0.1) / 4);
});
