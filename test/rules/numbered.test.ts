import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNumbered, type Key } from '../../src/rules/numbered.js';

const key: fc.Arbitrary<Key> = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constantFrom('a', 'b', '7'));
const step = fc.tuple(fc.constantFrom('set', 'get', 'delete' as const), key);

test('values lie under their keys as in a Map, however many numbers want one place', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 8, 64), fc.array(step, { maxLength: 400 }), (places, moves) => {
      const table = createNumbered<{ readonly key: Key }>(places);
      const model = new Map<Key, { readonly key: Key }>();
      const all: { readonly key: Key }[] = [];
      for (const [kind, at] of moves) {
        if (kind === 'set') {
          const value = { key: at };
          all.push(value);
          table.set(value);
          model.set(at, value);
        } else if (kind === 'delete') {
          // Whatever was once there may be asked to go; only who is there still does.
          for (const value of all.filter((x) => x.key === at)) {
            table.delete(value);
            if (model.get(at) === value) model.delete(at);
          }
        }
        expect(table.get(at)).toBe(model.get(at));
        expect(table.size()).toBe(model.size);
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});
