import { expect, test } from 'vitest';
import { createRandom } from '../../src/random.js';
import { createWheel, type Timed } from './flows/wheel.js';

const timed = (id: number, due: number): Timed => ({ id, due, slot: -1, before: null, after: null });

test('gives out exactly what is due, in the order of time, whenever it was put off or taken out', () => {
  const random = createRandom(5);
  const wheel = createWheel<Timed>();
  const live = new Map<number, Timed>();
  let now = 1e15;
  for (let id = 0; id < 20_000; id++) {
    const entry = timed(id, now + random.below(2_000) * 1e6 + random.below(1e6));
    wheel.add(entry);
    live.set(id, entry);
    const other = live.get(random.below(id + 1));
    if (other && random.below(3) === 0) other.due += random.below(400) * 1e6;
    if (other && random.below(9) === 0) {
      wheel.remove(other);
      live.delete(other.id);
    }
    if (random.below(20) > 0) continue;
    now += random.below(random.below(50) === 0 ? 3e9 : 5e6);
    const due = wheel.advance(now);
    const times = due.map((e) => e.due);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    for (const e of due) {
      expect(e.due).toBeLessThanOrEqual(now);
      expect(live.delete(e.id)).toBe(true);
    }
    // Nothing stays longer than the second it is due in.
    for (const e of live.values()) if (e.due < now - 1e6) throw new Error(`entry ${e.id} is ${now - e.due} us late`);
  }
  expect(wheel.drain().map((e) => e.id)).toEqual([...live.keys()].sort((a, b) => a - b));
  expect(wheel.drain()).toEqual([]);
});

test('the first is the one due first, to within a second', () => {
  const random = createRandom(6);
  const wheel = createWheel<Timed>();
  expect(wheel.first()).toBeNull();
  wheel.advance(0);
  const entries = Array.from({ length: 300 }, (_, i) => timed(i, random.below(400) * 1e6));
  for (const entry of entries) wheel.add(entry);
  while (entries.length > 0) {
    const first = wheel.first()!;
    expect(first.due).toBeLessThanOrEqual(Math.min(...entries.map((e) => e.due)) + 1e6);
    wheel.remove(first);
    entries.splice(entries.indexOf(first), 1);
  }
});
