import { describe, expect, test } from 'vitest';
import { createGuard } from '../src/guard.js';
import { guardedPolicy, type Label, type LabelSource } from '../src/label.js';
import type { LabelledBatch } from '../src/model.js';
import { createRandom } from '../src/random.js';

/** Benign rows around (0, 0), attacks around (4, 4). */
function trusted(rows: number, seed: number): LabelledBatch {
  const random = createRandom(seed);
  const x = new Float32Array(rows * 2);
  const y = Float32Array.from({ length: rows }, (_, i) => i % 2);
  for (let i = 0; i < rows * 2; i++) x[i] = 4 * y[i >> 1]! + random.next() - 0.5;
  return { x, y, rows, steps: 1, features: 2 };
}
const given = (label: 0 | 1 | null, source: LabelSource): Label => ({ label, source, confidence: 0.9 });
const one = (x: number, y: number) => ({ x: Float32Array.of(x, y), rows: 1, steps: 1, features: 2 });
const guard = createGuard({ learn: trusted(600, 1), calibrate: trusted(400, 2), numeric: 2, policy: guardedPolicy, seed: 1 });
const stands = (row: ReturnType<typeof one>, label: 0 | 1, source: LabelSource): boolean =>
  guard.review(row, [given(label, source)])[0]!.label === label;

const benign = one(0, 0);
const attack = one(4, 4);
const novel = one(-6, 9);

describe('what the guard lets stand', () => {
  test('benign needs an ordinary row: neither a known attack nor a novelty may become benign', () => {
    expect(stands(benign, 0, 'score-low')).toBe(true);
    expect(stands(attack, 0, 'score-low')).toBe(false);
    expect(stands(novel, 0, 'score-low')).toBe(false);
  });

  test('an attack by score falls on an ordinary row only', () => {
    expect(stands(attack, 1, 'score-high')).toBe(true);
    expect(stands(novel, 1, 'score-high')).toBe(true);
    expect(stands(benign, 1, 'score-high')).toBe(false);
  });

  test('a rule speaks for novelty, but not against an ordinary row', () => {
    expect(stands(attack, 1, 'rule')).toBe(true);
    expect(stands(novel, 1, 'rule')).toBe(true);
    expect(stands(benign, 1, 'rule')).toBe(false);
  });

  test('people and truth are never questioned; what was skipped stays skipped', () => {
    expect(stands(attack, 0, 'person')).toBe(true);
    expect(stands(benign, 1, 'truth')).toBe(true);
    expect(guard.review(benign, [given(null, 'skip')])).toEqual([given(null, 'skip')]);
    expect(guard.review(attack, [given(0, 'score-low')])).toEqual([{ label: null, source: 'skip', confidence: 0 }]);
  });
});

test('a dozen trusted attacks are enough to say that an ordinary row is none', () => {
  const few = createGuard({ learn: trusted(60, 1), calibrate: trusted(24, 2), numeric: 2, policy: guardedPolicy, seed: 1 });
  expect(few.review(benign, [given(0, 'score-low')])[0]!.label).toBe(0);
  expect(few.review(attack, [given(0, 'score-low')])[0]!.label).toBeNull();
});

test('trusted attacks that look like ordinary rows speak against none of them', () => {
  const hidden = trusted(400, 2);
  // One attack in ten lies amid the benign rows, so no row is too ordinary to be one.
  for (let i = 1; i < hidden.rows; i += 20) hidden.x.fill(0, i * 2, i * 2 + 2);
  const weighing = createGuard({ learn: trusted(600, 1), calibrate: hidden, numeric: 2, policy: guardedPolicy, seed: 1 });
  expect(weighing.review(benign, [given(0, 'score-low')])[0]!.label).toBe(0);
  expect(weighing.review(attack, [given(0, 'score-low')])[0]!.label).toBeNull();
});

test('without trusted rows of both classes only rules and people are heard', () => {
  const nothing = { x: new Float32Array(0), y: new Float32Array(0), rows: 0, steps: 1, features: 2 };
  const alone = createGuard({ learn: nothing, calibrate: nothing, numeric: 2, policy: guardedPolicy, seed: 1 });
  const labels = [given(1, 'rule'), given(0, 'score-low'), given(1, 'score-high'), given(0, 'person')];
  const rows = { x: new Float32Array(8), rows: 4, steps: 1, features: 2 };
  expect(alone.review(rows, labels).map(({ source }) => source)).toEqual(['rule', 'skip', 'skip', 'person']);
});
