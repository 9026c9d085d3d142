import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildSequences, createSequencer, sequenceDefaults, sequenceLabel, strideOf } from '../src/sequence.js';

const settings = sequenceDefaults;
const flowsOf = (user: string, n: number) => Array.from({ length: n }, (_, i) => [user, `${user}${i}`] as const);

describe('sequences', () => {
  test('50 % overlap: length 10 starts every 5 flows', () => {
    const { sequences } = buildSequences(flowsOf('a', 25), settings);
    expect(sequences.map((s) => s.start)).toEqual([0, 5, 10, 15]);
    expect(sequences[1]!.steps).toEqual(
      flowsOf('a', 25)
        .slice(5, 15)
        .map(([, s]) => s),
    );
  });

  test('the stride is max(1, floor(length * (1 - overlap)))', () => {
    expect(strideOf({ length: 10, overlap: 0.5 })).toBe(5);
    expect(strideOf({ length: 7, overlap: 0.5 })).toBe(3);
    expect(strideOf({ length: 5, overlap: 0.99 })).toBe(1);
    expect(strideOf({ length: 10, overlap: 0 })).toBe(10);
    expect(strideOf({ length: 10, overlap: 0.9 })).toBe(1);
    expect(strideOf({ length: 10, overlap: 0.7 })).toBe(3); // 10 * (1 - 0.7) is 3.0000000000000004 or 2.9999999999999996 in floats
  });

  test('users are never mixed, whatever the interleaving', () => {
    const arrival = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 30, maxLength: 200 });
    fc.assert(
      fc.property(arrival, fc.integer({ min: 5, max: 12 }), fc.double({ min: 0, max: 0.95, noNaN: true }), (users, length, overlap) => {
        const sequencer = createSequencer<string>({ length, overlap, minFlows: 5, by: 'user_id' });
        const seen = new Map<string, string[]>();
        for (const [i, user] of users.entries()) {
          const own = seen.get(user) ?? [];
          own.push(`${user}${i}`);
          seen.set(user, own);
          const sequence = sequencer.push(user, `${user}${i}`);
          if (sequence) expect(sequence.steps).toEqual(own.slice(sequence.start, sequence.start + length));
        }
        for (const own of seen.values()) {
          const expected = own.length < length ? 0 : Math.floor((own.length - length) / strideOf({ length, overlap })) + 1;
          expect(expected).toBeGreaterThanOrEqual(0);
        }
        const total = [...seen.values()].reduce(
          (n, own) => n + (own.length < length ? 0 : Math.floor((own.length - length) / strideOf({ length, overlap })) + 1),
          0,
        );
        expect(sequencer.count().sequences).toBe(total);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('too few and too short users are counted, not padded', () => {
    const { count } = buildSequences([...flowsOf('a', 10), ...flowsOf('b', 4), ...flowsOf('c', 5), ...flowsOf('d', 9)], settings);
    expect(count).toEqual({ users: 4, sequences: 1, tooFew: 1, tooShort: 2, forgotten: 0 });
  });

  test('no sequences is a coded error that says why', () => {
    expect(() => buildSequences(flowsOf('a', 9), settings)).toThrow(
      /no sequences built: 1 users, 0 with fewer than 5 flows, 1 with fewer than 10/,
    );
  });

  test('memory is capped: the longest silent user is forgotten and counted', () => {
    const sequencer = createSequencer<number>(settings, { maxUsers: 2 });
    for (const user of ['a', 'b', 'a', 'c']) sequencer.push(user, 0);
    expect(sequencer.count()).toMatchObject({ users: 2, forgotten: 1 });
    for (let i = 0; i < 8; i++) sequencer.push('a', i);
    expect(sequencer.count().sequences).toBe(1); // 'a' was kept, 'b' was the longest silent
  });

  test('options are checked', () => {
    expect(() => createSequencer({ ...settings, overlap: 2 })).toThrow('invalid sequence.overlap: expected a number in [0, 1), got 2');
    expect(() => createSequencer({ ...settings, length: 4 })).toThrow(/sequence.length/);
    expect(() => createSequencer({ ...settings, length: 51 })).toThrow(/sequence.length/);
    expect(() => createSequencer({ ...settings, minFlows: 11 })).toThrow(/sequence.minFlows/);
  });

  test('label: 1 if any step is an attack; unknown leaves the sequence out unless it counts as benign', () => {
    expect(sequenceLabel([0, 0, 1, null], 'drop')).toBe(1);
    expect(sequenceLabel([0, 0, null], 'drop')).toBeNull();
    expect(sequenceLabel([0, 0, null], 'benign')).toBe(0);
    expect(sequenceLabel([0, 0, 0], 'drop')).toBe(0);
  });
});
