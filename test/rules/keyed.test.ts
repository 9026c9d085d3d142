import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeyed } from '../../src/rules/keyed.js';

/** The same by a Map, whose order of insertion is the order of use. */
function createModel(capacity: number) {
  const map = new Map<string, number>();
  let forgotten = 0;
  return {
    touch(key: string): number | undefined {
      const value = map.get(key);
      if (value === undefined) return undefined;
      map.delete(key);
      map.set(key, value);
      return value;
    },
    peek: (key: string) => map.get(key),
    put(key: string, value: number) {
      if (map.size === capacity) {
        map.delete(map.keys().next().value!);
        forgotten++;
      }
      map.set(key, value);
    },
    sizes: () => [map.size, forgotten],
  };
}

const host = fc.integer({ min: 0, max: 40 }).map((n) => (n % 5 === 0 ? `fe80::${n.toString(16)}` : `10.0.${n % 3}.${n}`));
const key = fc.tuple(
  host,
  fc.option(host, { nil: '' }),
  fc.constantFrom('', 'tcp', 'udp'),
  fc.constantFrom(0, 22, 65_535),
  fc.constantFrom(null, 0, 7),
);
const step = fc.tuple(fc.boolean(), key);

// A step too many, and every search changes the hash: no other answers come of it.
test.each([64, 1, -1])('a table forgets as a Map in the order of use does, whatever its hash (%i steps)', (steps) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.array(step, { maxLength: 1500 }), (capacity, moves) => {
      const table = createKeyed<number>(capacity, steps);
      const model = createModel(capacity);
      for (const [i, [touches, parts]] of moves.entries()) {
        const name = JSON.stringify(parts);
        if (!touches) {
          expect(table.peek(...parts)).toBe(model.peek(name));
          continue;
        }
        const known = table.touch(...parts);
        expect(known).toBe(model.touch(name));
        if (known !== undefined) continue;
        model.put(name, i);
        expect(table.put(i)).toBe(i);
      }
      expect([table.size(), table.forgotten()]).toEqual(model.sizes());
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('a million keys leave as many as there is room for', () => {
  const table = createKeyed<number>(4096);
  for (let i = 0; i < 1e6; i++)
    if (table.touch(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, '', 'tcp', 0, null) === undefined) table.put(i);
  expect([table.size(), table.forgotten()]).toEqual([4096, 1e6 - 4096]);
  expect(table.peek('10.15.66.63', '', 'tcp', 0, null)).toBe(999_999);
  expect(table.peek('10.15.50.63', '', 'tcp', 0, null)).toBeUndefined();
});
