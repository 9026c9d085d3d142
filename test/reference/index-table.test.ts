import { expect, test } from 'vitest';
import { createRandom } from '../../src/random.js';
import { createIndexTable } from './flows/index-table.js';

test('behaves as a map, also where hashes collide and entries come and go', () => {
  const random = createRandom(11);
  const table = createIndexTable<{ hash: number; key: number }>();
  const model = new Map<number, { hash: number; key: number }>();
  for (let turn = 0; turn < 60_000; turn++) {
    const key = random.below(4000);
    // Few distinct hashes, some negative: long runs of occupied slots that wrap round the end.
    const hash = (key % 37) * 1021 - 5000;
    const known = table.find(hash, (e) => e.key === key);
    expect(known).toBe(model.get(key) ?? null);
    if (known === null) {
      const entry = { hash, key };
      table.add(entry);
      model.set(key, entry);
    } else if (random.below(2) === 0) {
      table.remove(known);
      model.delete(key);
    }
    if (turn % 1000 === 0) expect(table.size()).toBe(model.size);
  }
  for (const entry of model.values()) expect(table.find(entry.hash, (e) => e.key === entry.key)).toBe(entry);
});
