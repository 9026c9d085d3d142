import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Frames, Source } from '../../src/source.js';
import { excerpt } from '../../src/sources/excerpt.js';
import { openSource, openSources } from '../../src/sources/open.js';
import { readAll, temporary } from './read-all.js';

const put = temporary();
const row = (ts: number, duration: number) =>
  `{"ts":${ts},"id.orig_h":"1.1.1.1","id.orig_p":1,"id.resp_h":"2.2.2.2","id.resp_p":2,"proto":"udp","duration":${duration}}\n`;
const starts = async (source: Source) => (await readAll(source)).flows.map(({ ts }) => ts / 1e6);

const batch = (seconds: readonly number[], now?: number): Frames => ({
  kind: 'frames',
  count: seconds.length,
  bytes: new Uint8Array(seconds.length),
  offset: Uint32Array.from(seconds, (_, i) => i),
  captured: new Uint32Array(seconds.length).fill(1),
  length: new Uint32Array(seconds.length).fill(1),
  ts: Float64Array.from(seconds, (s) => s * 1e6),
  link: new Uint16Array(seconds.length).fill(1),
  ...(now === undefined ? {} : { now: now * 1e6 }),
});
const wire = (...batches: readonly Frames[]): Source => ({
  name: 'wire',
  yields: 'frames',
  damage: () => [],
  async *read() {
    yield* batches;
  },
});
const times = async (source: Source) => {
  const seen: number[] = [];
  for await (const part of source.read()) if (part.kind === 'frames') seen.push(...part.ts.slice(0, part.count).map((ts) => ts / 1e6));
  return seen;
};

describe('an excerpt', () => {
  it('holds the packets of its seconds, whatever the batches', async () => {
    expect(await times(excerpt(wire(batch([]), batch([100, 101]), batch([109, 110, 110.5]), batch([90])), { seconds: 10 }))).toEqual([
      100, 101, 109, 110,
    ]);
  });

  it('ends with the clock of a silent wire, and hands that clock on before', async () => {
    const quiet = wire(batch([], 99), batch([100]), batch([], 105), batch([], 111), batch([112]));
    const clocks: unknown[] = [];
    for await (const part of excerpt(quiet, { seconds: 10 }).read()) clocks.push('now' in part ? part.now! / 1e6 : null);
    expect(clocks).toEqual([99, null, 105, 111]);
  });

  it('holds the records that ended within it, in whatever order they come: a long one leaves, those after it stay', async () => {
    const byStart = put('start.json', [row(100, 1), row(101, 500), row(102, 3), row(109, 5), row(120, 1), row(103, 1)].join(''));
    const source = await openSource(byStart);
    const { flows } = await readAll(source);
    const single: Source = {
      ...source,
      async *read() {
        for (const flow of flows) yield { kind: 'flows', flows: [flow] };
      },
    };
    expect(await starts(excerpt(source, { seconds: 10 }))).toEqual([100, 102, 103]);
    expect(await starts(excerpt(single, { seconds: 10 }))).toEqual([100, 102]); // nothing is read after the one that begins too late
    expect(await starts(excerpt(await openSource(byStart, { sort: 'end' }), { seconds: 10 }))).toEqual([100, 103, 102]);
  });

  it('keeps truth and damage of its source, and refuses no time at all', async () => {
    const whole: Source = { ...wire(batch([1])), labelOf: () => ({ label: 1 }), damage: () => [{ kind: 'x', count: 1, where: 'y' }] };
    const part = excerpt(whole, { seconds: 1 });
    expect([part.labelOf, part.damage()]).toEqual([whole.labelOf, whole.damage()]);
    expect(() => excerpt(whole, { seconds: 0 })).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  });

  it("is what an experiment's source.seconds asks for, of each file", async () => {
    const [a, b] = [put('a.json', row(1, 1) + row(50, 1)), put('b.json', row(200, 1) + row(203, 1) + row(280, 1))];
    const files = [basename(a), basename(b)];
    const read = async (seconds: number | null) => {
      const { sources } = await openSources({ files, seconds }, dirname(a));
      return Promise.all(sources.map(starts));
    };
    expect(await read(10)).toEqual([[1], [200, 203]]);
    expect(await read(null)).toEqual([
      [1, 50],
      [200, 203, 280],
    ]);
  });
});
