import { describe, expect, test } from 'vitest';
import { measure } from '../src/evaluate.js';
import { decide, guardedGate, plainGate } from '../src/gate.js';

const truth = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
const judged = (scores: number[]) => ({ validation: measure(scores, truth), golden: measure(scores, truth) });
const good = judged([0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]);
const missing = judged([0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]);
const alarming = judged([0.9, 0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1]);

describe('gate', () => {
  test('a challenger as good as the champion passes', () => {
    expect(decide(good, good, guardedGate)).toMatchObject({ deploy: true, reason: 'all checks passed' });
  });

  test('the floors: accuracy above 0.70 and loss below 2.0', () => {
    const bad = judged([0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9]);
    expect(decide(bad, null, plainGate).reason).toContain('accuracy 0.5000, needs > 0.7');
    const sure = judged([1e-9, 0.9, 0.9, 0.9, 0.9999999, 0.1, 0.1, 0.1, 0.1, 0.1]);
    expect(decide(sure, null, plainGate).checks.find((c) => c.name === 'loss')!.pass).toBe(false);
  });

  test('exactly 0.70 is not above 0.70', () => {
    const edge = judged([0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]);
    expect(edge.validation.accuracy).toBeCloseTo(0.7);
    expect(decide(edge, null, plainGate).deploy).toBe(false);
  });

  test('a constant is refused by the guarded gate and passed by the plain one', () => {
    const many = [...new Array<number>(99).fill(0), 1];
    const constant = { validation: measure(new Array(100).fill(0.1), many), golden: measure(new Array(10).fill(0.1), truth) };
    expect(decide(constant, null, plainGate).deploy).toBe(true);
    expect(decide(constant, null, guardedGate)).toMatchObject({ deploy: false });
  });

  test('worse than the champion on the golden set is refused, with the number', () => {
    const verdict = decide(missing, good, guardedGate);
    expect(verdict.deploy).toBe(false);
    expect(verdict.reason).toContain('golden-drop 0.1250, needs <= 0.005');
    expect(verdict.reason).toContain('golden-recall-drop 0.2500');
    expect(decide(missing, good, plainGate).deploy).toBe(true);
  });

  test('more false alarms than the champion are refused', () => {
    expect(decide(alarming, good, guardedGate).reason).toContain('golden-fpr-rise 0.1667, needs <= 0.01');
  });

  test('a check that cannot be measured does not fail, and says null', () => {
    const blind = { ...good, golden: null };
    const check = decide(blind, blind, guardedGate).checks.find((c) => c.name === 'golden-drop')!;
    expect(check).toMatchObject({ value: null, pass: true });
  });

  test('a sudden change of the share of alarms is refused', () => {
    const quiet = { validation: measure(new Array(10).fill(0.1), new Array(10).fill(0)), golden: good.golden };
    const loud = {
      validation: measure([0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
      golden: good.golden,
    };
    expect(decide(loud, quiet, guardedGate).reason).toContain('rate-shift 0.3000, needs <= 0.2');
  });
});

describe('a sudden change of the share of alarms', () => {
  const rows = 100;
  const of = (score: number, label: 0 | 1, n = rows) => measure(new Array<number>(n).fill(score), new Array<number>(n).fill(label));
  /** Old: sees nothing. New: calls every proven row an attack; `elsewhere` is what it says of rows that only a score labelled. */
  const missed = { validation: of(0.1, 1), golden: good.golden, proven: of(0.1, 1), unproven: of(0.1, 0) };
  const found = (elsewhere: number) => ({ validation: of(0.9, 1), golden: good.golden, proven: of(0.9, 1), unproven: of(elsewhere, 0) });

  test('is right where rules or people say so, and a fault where only scores do', () => {
    expect(decide(found(0.1), missed, guardedGate)).toMatchObject({ deploy: true });
    expect(decide(found(0.9), missed, guardedGate).reason).toBe('rate-shift 1.0000, needs <= 0.2');
    const few = { ...found(0.9), unproven: null };
    expect(decide(few, { ...missed, unproven: null }, guardedGate).checks.find((c) => c.name === 'rate-shift')).toMatchObject({
      value: null,
      pass: true,
    });
  });

  test('a challenger that unlearns what is proven is refused', () => {
    expect(decide({ ...missed, validation: of(0.9, 1) }, found(0.1), guardedGate).reason).toContain('proven-drop 1.0000, needs <= 0.01');
  });
});
