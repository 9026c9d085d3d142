import { describe, expect, test } from 'vitest';
import { paceSource } from '../../src/service/pace.js';
import type { Flows, Frames, Source } from '../../src/source.js';
import { makeFlows } from '../traffic/flows.js';

const sorted = makeFlows({ flows: 1500, seed: 3 }).sort((a, b) => a.ts + a.duration - b.ts - b.duration);
const flowSource: Source = {
  name: 'flows',
  yields: 'flows',
  async *read() {
    yield { kind: 'flows', flows: sorted };
  },
  damage: () => [],
};
/** 2000 one-octet frames, one a millisecond. */
const frameSource: Source = {
  name: 'frames',
  yields: 'frames',
  async *read() {
    const count = 2000;
    yield {
      kind: 'frames',
      count,
      bytes: Uint8Array.from({ length: count }, (_, i) => i % 251),
      offset: Uint32Array.from({ length: count }, (_, i) => i),
      captured: new Uint32Array(count).fill(1),
      length: new Uint32Array(count).fill(60),
      ts: Float64Array.from({ length: count }, (_, i) => 1e15 + i * 1000),
      link: new Uint16Array(count).fill(1),
    };
  },
  damage: () => [],
};
const drain = async (source: Source): Promise<(Frames | Flows)[]> => {
  const batches: (Frames | Flows)[] = [];
  for await (const batch of source.read()) batches.push(batch);
  return batches;
};
const never = new AbortController().signal;

describe('a paced source', () => {
  test("'max' gives everything in order, in small pieces, and stays a replay", async () => {
    const source = paceSource(flowSource, { speed: 'max', stop: never });
    expect(source.live).toBe(false);
    const batches = await drain(source);
    expect(batches.flatMap((batch) => (batch.kind === 'flows' ? batch.flows : []))).toEqual(sorted);
    expect(batches.length).toBeGreaterThanOrEqual(3);
  });

  test('frames keep their octets, and arrive when capture time says, as a wire', async () => {
    const source = paceSource(frameSource, { speed: 4, stop: never });
    expect(source.live).toBe(true);
    const began = performance.now();
    const seen: number[] = [];
    for await (const batch of source.read()) {
      if (batch.kind !== 'frames') continue;
      const due = (batch.ts[0]! - 1e15) / 1e3 / 4;
      expect(performance.now() - began).toBeGreaterThan(due - 2); // never early
      for (let i = 0; i < batch.count; i++) seen.push(batch.bytes[batch.offset[i]!]!);
    }
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, i) => i % 251));
    expect(performance.now() - began).toBeGreaterThan(400); // two seconds at four times
  });

  test('while it waits it breathes, and stops at once when told', async () => {
    const stop = new AbortController();
    const gap: Source = {
      ...flowSource,
      async *read() {
        yield { kind: 'flows', flows: [sorted[0]!, { ...sorted[0]!, ts: sorted[0]!.ts + 3600e6 }] };
      },
    };
    let breaths = 0;
    let flows = 0;
    for await (const batch of paceSource(gap, { speed: 1, stop: stop.signal }).read()) {
      if (batch.kind === 'flows' && batch.flows.length === 0 && ++breaths === 3) stop.abort();
      if (batch.kind === 'flows') flows += batch.flows.length;
    }
    expect([breaths, flows]).toEqual([3, 1]);
  });
});
