import { describe, expect, test } from 'vitest';
import { applyStump, averagePrecision, fitStump, measure } from '../src/evaluate.js';

describe('evaluate', () => {
  test('metrics of a small confusion matrix, by hand', () => {
    // tp 2, fn 1, fp 1, tn 4
    const m = measure([0.9, 0.8, 0.2, 0.7, 0.1, 0.1, 0.1, 0.1], [1, 1, 1, 0, 0, 0, 0, 0]);
    expect(m.accuracy).toBeCloseTo(6 / 8);
    expect(m.recall).toBeCloseTo(2 / 3);
    expect(m.fpr).toBeCloseTo(1 / 5);
    expect(m.precision).toBeCloseTo(2 / 3);
    expect(m.balancedAccuracy).toBeCloseTo((2 / 3 + 4 / 5) / 2);
    expect(m.rate).toBeCloseTo(3 / 8);
  });

  test("average precision is scikit-learn's, with ties taken together", () => {
    expect(averagePrecision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBeCloseTo(0.8333333333, 9);
    expect(averagePrecision([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 1])).toBeCloseTo(0.5);
    expect(averagePrecision([0.2, 0.1], [1, 1])).toBeNull();
  });

  test('loss is the mean binary cross-entropy in nats', () => {
    expect(measure([0.8, 0.4], [1, 0]).loss).toBeCloseTo(-(Math.log(0.8) + Math.log(0.6)) / 2, 9);
    expect(Number.isFinite(measure([0, 1], [1, 0]).loss)).toBe(true);
  });

  test('one class leaves what is undefined undefined', () => {
    expect(measure([0.9, 0.1], [1, 1])).toMatchObject({ fpr: null, balancedAccuracy: null, prAuc: null, accuracy: 0.5 });
  });

  test('the one-feature baseline finds the column that separates, in either direction', () => {
    const x = Float32Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? (i * 7919) % 13 : i < 100 ? 5 : 1)); // column 1: attacks low
    const y = Float32Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : 1));
    const batch = { x, y, rows: 100, steps: 1, features: 2 };
    const stump = fitStump(batch);
    expect(stump).toMatchObject({ feature: 1, above: false });
    expect(measure(applyStump(stump, x, 100, 2), y).accuracy).toBe(1);
  });
});
