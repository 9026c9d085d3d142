import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHandOver } from '../../src/sources/hand-over.js';
import { createTimeline } from '../../src/sources/timeline.js';

const header = (length: number, id: number): Uint8Array => Uint8Array.of(length, id & 255, id >> 8, 0x5a);

test('records arrive whole and in order or are counted, whatever the reader takes, in the memory given', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 200 }) }),
    fc.record({ takes: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 4 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 700 }), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
      const out: number[] = [];
      let takes: number[] = [];
      const queue = createHandOver(capacity, (ring, at, length) => {
        expect(ring.length).toBe(capacity);
        const took = Math.min(length, takes.shift() ?? 0);
        out.push(...ring.subarray(at, at + took));
        return took;
      });
      let offered = 0;
      for (const s of steps) {
        if ('add' in s) {
          const id = offered++;
          const room = capacity - queue.waiting();
          const before = queue.dropped();
          queue.add(header(s.add, id), new Uint8Array(200).fill(id & 255), s.add);
          expect(queue.dropped() - before).toBe(room < s.add + 4 ? 1 : 0);
        } else {
          takes = [...s.takes];
          queue.flush();
        }
      }
      for (let round = 0; round < 4; round++) {
        takes = new Array(400).fill(300);
        queue.flush();
      }
      expect(queue.waiting()).toBe(0);

      let seen = 0;
      let last = -1;
      for (let at = 0; at < out.length; seen++) {
        const [length, low, high, mark] = out.slice(at, at + 4) as [number, number, number, number];
        const id = low | (high << 8);
        expect(mark).toBe(0x5a);
        expect(id).toBeGreaterThan(last);
        last = id;
        expect(out.slice(at + 4, at + 4 + length)).toEqual(new Array(length).fill(id & 255));
        at += 4 + length;
      }
      expect(seen + queue.dropped()).toBe(offered);
    }),
    { seed: 4, numRuns: 300 },
  );
});

test('a wire’s time goes on when the clock is set back, at the new clock’s pace', () => {
  const timeline = createTimeline();
  expect(timeline.at(100e6)).toBe(100e6);
  expect(timeline.at(99.9e6)).toBe(99.9e6); // two cores
  expect(timeline.setBack()).toBe(0);
  expect(timeline.at(40e6)).toBe(100e6);
  expect(timeline.at(43e6)).toBe(103e6);
  expect(timeline.setBack()).toBe(1);
  expect(timeline.at(200e6)).toBe(260e6);
});
