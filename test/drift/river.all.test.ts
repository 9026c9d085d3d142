import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createAdwin } from '../../src/drift/adwin.js';
import { createKswin } from '../../src/drift/kswin.js';
import { createPageHinkley } from '../../src/drift/page-hinkley.js';
import { python } from '../python.js';
import { driftStreams } from './streams.js';

type Steps = readonly (readonly [boolean, readonly [number, number] | null])[];
interface River {
  readonly adwin: Steps;
  readonly pageHinkley: Steps;
  readonly kswin: { readonly steps: Steps; readonly draws: readonly (readonly number[])[] };
}

describe.skipIf(python === null)('River 0.26.1, the same streams, step by step', () => {
  const streams = driftStreams();
  const ask = (): readonly River[] =>
    JSON.parse(
      execFileSync(python!, [join(import.meta.dirname, 'peer.py')], {
        input: JSON.stringify(Object.values(streams)),
        maxBuffer: 1 << 28,
      }).toString(),
    );
  const answers = python === null ? [] : ask();

  test.each(Object.keys(streams).map((name, i) => [name, i] as const))('%s', (name, i) => {
    const stream = streams[name]!;
    const river = answers[i]!;
    const alarms = (steps: Steps): number[] => steps.flatMap(([alarm], at) => (alarm ? [at] : []));
    const mine = (detector: { update(x: number): boolean }): number[] => stream.flatMap((x, at) => (detector.update(x) ? [at] : []));

    const adwin = createAdwin();
    for (const [at, x] of stream.entries()) {
      const [alarm, state] = river.adwin[at]!;
      expect(adwin.update(x), `ADWIN at ${at}`).toBe(alarm);
      expect(adwin.width()).toBe(state![0]);
      expect(adwin.mean()).toBeCloseTo(state![1], 8);
    }
    expect(mine(createPageHinkley())).toEqual(alarms(river.pageHinkley));
    let drawn = 0;
    expect(mine(createKswin({ draw: () => river.kswin.draws[drawn++]! }))).toEqual(alarms(river.kswin.steps));
    expect(drawn).toBe(river.kswin.draws.length);
  });

  test('every detector alarms somewhere, so that the comparison says something', () => {
    for (const key of ['adwin', 'pageHinkley'] as const) expect(answers.some((a) => a[key].some(([alarm]) => alarm))).toBe(true);
    expect(answers.some((a) => a.kswin.steps.some(([alarm]) => alarm))).toBe(true);
  });
});
