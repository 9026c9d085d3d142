import { expect, test } from 'vitest';
import { createRandom } from '../../src/random.js';
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

const hosts = Array.from({ length: 40 }, (_, n) => (n % 5 === 0 ? `fe80::${n.toString(16)}` : `10.0.${n % 3}.${n}`));
/** Keys that come again: a few more than there is room for, of every kind. */
const keysOf = (n: number) =>
  Array.from({ length: n }, (_, i) => {
    const other = i % 3 === 0 ? '' : hosts[(i * 7) % 40]!;
    return [hosts[i % 40]!, other, ['', 'tcp', 'udp'][(i >> 2) % 3]!, [0, 22, 65_535][(i >> 4) % 3]!, [null, 0, 7][(i >> 6) % 3]!] as const;
  });

// A step too many, and every search changes the hash: no other answers come of it.
test.each([64, 1, -1])('a table forgets as a Map in the order of use does, whatever its hash (%i steps)', (steps) => {
  for (const capacity of [1, 2, 7, 60, 100, 300]) {
    const random = createRandom(capacity).fork('keyed');
    const keys = keysOf(Math.ceil(capacity * 1.3) + 1);
    const names = keys.map((key) => JSON.stringify(key));
    const table = createKeyed<number>(capacity, steps);
    const model = createModel(capacity);
    const wrong: number[] = [];
    for (let i = 0; i < 4000; i++) {
      const k = random.below(keys.length);
      const look = random.next() < 0.2;
      const found = look ? table.peek(...keys[k]!) : table.touch(...keys[k]!);
      const expected = look ? model.peek(names[k]!) : model.touch(names[k]!);
      if (found !== expected) wrong.push(i);
      if (look || expected !== undefined) continue;
      model.put(names[k]!, i);
      table.put(i);
    }
    expect(wrong, `room for ${capacity}`).toEqual([]);
    expect([table.size(), table.forgotten()]).toEqual(model.sizes());
    expect(model.sizes()[1], 'keys were forgotten').toBeGreaterThan(100);
  }
});

test('a million keys leave as many as there is room for', () => {
  const table = createKeyed<number>(4096);
  for (let i = 0; i < 1e6; i++)
    if (table.touch(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, '', 'tcp', 0, null) === undefined) table.put(i);
  expect([table.size(), table.forgotten()]).toEqual([4096, 1e6 - 4096]);
  expect(table.peek('10.15.66.63', '', 'tcp', 0, null)).toBe(999_999);
  expect(table.peek('10.15.50.63', '', 'tcp', 0, null)).toBeUndefined();
});
