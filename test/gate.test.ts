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
    expect(decide(alarming, good, guardedGate).reason).toContain('golden-fpr-rise 0.1667, needs <= 0.005');
  });

  test('a check that cannot be measured does not fail, and says null', () => {
    const blind = { ...good, golden: null };
    const check = decide(blind, blind, guardedGate).checks.find((c) => c.name === 'golden-drop')!;
    expect(check).toMatchObject({ value: null, pass: true });
  });

  describe('verdicts that nothing bears out', () => {
    const changing = (flips: number, won = 0) => ({
      ...good,
      flips: { benign: flips, attack: flips },
      provenAnswers: { given: Array.from({ length: 200 }, (_, i) => (i < won ? 1 : 0)), truth: new Array(200).fill(1) },
    });
    const champion = changing(0);
    const checkOf = (challenger: typeof champion) =>
      decide(challenger, champion, guardedGate).checks.find(({ name }) => name === 'unsupported')!;

    test('may cost half a point of balanced accuracy and no more', () => {
      expect(checkOf(changing(0.005))).toMatchObject({ value: 0.005, pass: true, bound: '<= 0.005' });
      expect(checkOf(changing(0.006)).pass).toBe(false);
      expect(decide({ ...changing(0.006), flips: { benign: 0.006, attack: 0.003 } }, champion, guardedGate).deploy).toBe(true);
      expect(decide(changing(0.5), champion, { ...guardedGate, maxUnsupported: null }).deploy).toBe(true);
    });

    test('or a twentieth of what is sure to be won on proven rows', () => {
      expect(checkOf(changing(0.04, 200)).pass).toBe(true); // at least 96 % won
      expect(checkOf(changing(0.06, 200)).pass).toBe(false);
      expect(checkOf(changing(0.01, 10)).pass).toBe(false); // ten of 200 are sure to be no more than a few
    });
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

describe('how sure the golden set can be', () => {
  const attacks = 500;
  const rows = 1500;
  const classes = Float32Array.from({ length: rows }, (_, i) => (i < attacks ? 1 : 0));
  /** A model that misses the first attacks and alarms on the last benign rows. */
  const model = (missed: number, alarms: number) => {
    const scores = Array.from(classes, (y, i) => (y === 1 ? (i < missed ? 0.1 : 0.9) : i >= rows - alarms ? 0.9 : 0.1));
    const metrics = measure(scores, classes);
    return { validation: metrics, golden: metrics, answers: { given: scores.map((s) => (s >= 0.5 ? 1 : 0)), truth: classes } };
  };
  const strict = { ...guardedGate, requireProof: true };
  const upper = (name: string, verdict: ReturnType<typeof decide>) => verdict.checks.find((c) => c.name === name)!.upper;

  test('every check on a class bears the most it may have lost: by hand, none of 500 and of 1,000', () => {
    const verdict = decide(model(0, 0), model(0, 0), guardedGate);
    expect(upper('golden-recall-drop', verdict)).toBeCloseTo(1 - 0.025 ** (1 / 500), 10);
    expect(upper('golden-fpr-rise', verdict)).toBeCloseTo(1 - 0.025 ** (1 / 1000), 10);
    expect(verdict.deploy).toBe(true);
  });

  test('within its limit as counted, but not for sure: told, and refused where proof is required', () => {
    const [champion, challenger] = [model(0, 0), model(8, 0)];
    expect(decide(challenger, champion, { ...guardedGate, maxGoldenDrop: null })).toMatchObject({ deploy: true });
    const refused = decide(challenger, champion, { ...strict, maxGoldenDrop: null });
    expect(refused.reason).toMatch(/^golden-recall-drop 0\.0160 \(up to 0\.03\d\d\), needs <= 0\.02$/);
    expect(decide(model(0, 0), champion, strict).deploy).toBe(true);
  });

  test('what it wins elsewhere in the class makes up for what it loses', () => {
    const better = decide(model(0, 0), model(100, 0), strict);
    expect(upper('golden-recall-drop', better)).toBeLessThan(0);
  });

  test('without answers row by row there is no bound to keep', () => {
    expect(upper('golden-recall-drop', decide(good, good, strict))).toBeUndefined();
    expect(decide(good, good, strict).deploy).toBe(true);
  });
});
