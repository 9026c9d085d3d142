import { describe, expect, test } from 'vitest';
import { createDoubtWatch, driftDetectors, isDoubtful, type Observed } from '../../src/drift/doubt.js';
import { createRandom } from '../../src/random.js';

const policy = { attackAbove: 0.95, benignBelow: 0.3 };

/** Flows of which a share is doubtful. */
function flows(n: number, share: number, seed: number): Observed[] {
  const dice = createRandom(seed);
  return Array.from({ length: n }, () => ({ rule: false, score: dice.next() < share ? 0.6 : 0.01 }));
}

test('doubtful is what is unsure, or what a rule contradicts; a sure attack is not, nor a flow without a score', () => {
  const of = (score: number | null, rule = false): boolean => isDoubtful({ score, rule }, 0.95, 0.3);
  expect([of(0.5), of(0.01, true), of(0.3), of(0.95)]).toEqual([true, true, true, true]);
  expect([of(0.01), of(0.99), of(0.99, true), of(null), of(null, true)]).toEqual([false, false, false, false, false]);
});

describe('a watch on doubt', () => {
  test('begins as risen; a steady stream is not worth a training, however its flows fall', () => {
    const watch = createDoubtWatch(policy);
    expect(watch.risen([{ rule: true, score: null }])).toBe(true);
    watch.trained();
    expect(watch.risen(flows(2000, 0.05, 1))).toBe(true);
    watch.trained();
    for (let k = 2; k < 12; k++) expect(watch.risen(flows(2000, 0.05, k))).toBe(false);
  });

  test('more attacks that the champion is sure of are no doubt; flows that rules contradict are', () => {
    const watch = createDoubtWatch(policy);
    watch.risen(flows(4000, 0.02, 1));
    watch.trained();
    expect(watch.risen(Array.from({ length: 2000 }, () => ({ rule: true, score: 0.99 })))).toBe(false);
    expect(watch.risen(Array.from({ length: 2000 }, () => ({ rule: true, score: 0.02 })))).toBe(true);
  });

  test('a rise stays until something was trained; a fall is no reason', () => {
    const watch = createDoubtWatch(policy);
    watch.risen(flows(4000, 0.02, 1));
    watch.trained();
    expect(watch.risen(flows(4000, 0.3, 2))).toBe(true);
    expect(watch.risen(flows(500, 0.3, 3))).toBe(true);
    watch.trained();
    expect(watch.risen(flows(4000, 0.01, 4))).toBe(false);
  });

  test.each(Object.keys(driftDetectors) as (keyof typeof driftDetectors)[])('%s sees a rise', (name) => {
    const watch = createDoubtWatch(policy, driftDetectors[name]());
    watch.risen(flows(4000, 0.02, 1));
    watch.trained();
    expect(watch.risen(flows(4000, 0.8, 2))).toBe(true);
  });
});
