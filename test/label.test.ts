import { describe, expect, test } from 'vitest';
import { checkPolicy, label, labelQuality, plainPolicy } from '../src/label.js';

describe('label', () => {
  test('SafeLink: rule -> attack, above 0.95 -> attack, below 0.30 -> benign, else skip', () => {
    const of = (rule: boolean, score: number | null) => {
      const { label: l, source } = label({ rule, score }, plainPolicy);
      return [l, source];
    };
    expect(of(true, 0.01)).toEqual([1, 'rule']);
    expect(of(false, 0.951)).toEqual([1, 'score-high']);
    expect(of(false, 0.95)).toEqual([null, 'skip']);
    expect(of(false, 0.3)).toEqual([null, 'skip']);
    expect(of(false, 0.299)).toEqual([0, 'score-low']);
    expect(of(false, null)).toEqual([null, 'skip']);
  });

  test('stronger evidence wins: truth, then a person, then a rule, then the score', () => {
    expect(label({ rule: true, score: 0.99, person: 0 }, plainPolicy)).toEqual({ label: 0, source: 'person', confidence: 1 });
    expect(label({ rule: true, score: 0.99, person: 1, truth: 0 }, plainPolicy).source).toBe('truth');
    expect(label({ rule: true, score: 0.1 }, { ...plainPolicy, rules: false }).source).toBe('score-low');
  });

  test('confidence is the probability of the label given', () => {
    expect(label({ rule: false, score: 0.1 }, plainPolicy).confidence).toBeCloseTo(0.9);
    expect(label({ rule: false, score: 0.97 }, plainPolicy).confidence).toBeCloseTo(0.97);
  });

  test('thresholds are checked where they enter', () => {
    expect(() => checkPolicy({ ...plainPolicy, benignBelow: 0.97 })).toThrow(
      /benignBelow: expected at most attackAbove \(0.95\), got 0.97/,
    );
    expect(() => checkPolicy({ ...plainPolicy, attackAbove: 1.2 })).toThrow(/\[0, 1\], got 1.2/);
  });

  test('quality: coverage, noise and benign noise against truth', () => {
    const labels = [0.99, 0.99, 0.1, 0.1, 0.1, 0.5].map((score) => label({ rule: false, score }, plainPolicy));
    const quality = labelQuality(labels, [1, 0, 0, 1, undefined, 1]);
    expect(quality.coverage).toBeCloseTo(5 / 6);
    expect(quality.noise).toBeCloseTo(2 / 4);
    expect(quality.benignNoise).toBeCloseTo(1 / 2); // the row without truth is not counted
    expect(quality.bySource).toMatchObject({ 'score-high': 2, 'score-low': 3, skip: 1, rule: 0 });
  });

  test('without truth noise is unknown, not zero', () => {
    expect(labelQuality([label({ rule: true, score: null }, plainPolicy)], [undefined]).noise).toBeNull();
  });
});
