import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createFeedback, userFeedback } from '../src/feedback.js';
import type { Flow } from '../src/flow.js';
import { sha256 } from '../src/hash.js';
import { createWindows } from '../src/kept-window.js';
import type { ModelName } from '../src/registry.js';
import type { Trusted } from '../src/trusted.js';
import { flowSource, only, run, specOf } from './promises/run.js';
import { makeFlows } from './traffic/flows.js';

const DAY = 86_400e6;

/** One learner's cycles on 1,230 flows, every store in memory; what is left in each, by the oldest capture time. */
async function left(days: number | null) {
  const flows = makeFlows({ flows: 1230, seed: 5 });
  const feedback = createFeedback();
  const windows = createWindows();
  const saved = new Map<ModelName, Trusted>();
  const word = { label: 0, why: 'x', by: 'eve', at: 1 } as const;
  const said = flows[10]!.ts;
  await feedback.put(userFeedback('key', 'somebody', { since: 0, until: said }, word));
  const spec = specOf({ ...only('flow'), keep: 'window', retention: { days }, settle: 0 });
  const { report, ledger } = await run(spec, [flowSource(flows, 50)], {
    feedback,
    windows,
    trusted: { load: async (name) => saved.get(name) ?? null, save: async (name, trusted) => void saved.set(name, trusted) },
  });
  const kept = await Promise.all(report.cycles.map(({ learner, number }) => windows.read(report.run_id, learner, number)));
  const ends = kept.flatMap((window) => window?.steps.map(({ flow }) => flow.ts + flow.duration) ?? []);
  const { golden, reservoir } = saved.get('flow')!.origins!;
  const oldest = (ts: readonly number[]): number => Math.min(...ts);
  return {
    oldest: {
      ledger: oldest(ledger.entries().map(({ ts }) => ts)),
      windows: oldest(ends),
      golden: oldest(golden.ts),
      reservoir: oldest(reservoir.ts),
    },
    words: (await feedback.labels()).length,
    report,
  };
}

test('retention.days: when a cycle ends, older rows leave every place, on the capture clock; null keeps all', async () => {
  const all = await left(null);
  const { from } = all.report.cycles[0]!.window;
  const to = all.report.cycles.at(-1)!.window.to;
  expect(all.report.cycles.length).toBe(3);
  expect(all.words).toBe(1);
  const cut = from + 0.4 * (to - from); // inside the first window, so that golden set and reservoir keep a part
  for (const [place, ts] of Object.entries(all.oldest)) if (place !== 'ledger') expect(ts, place).toBeLessThan(cut);

  const some = await left((to - cut) / DAY);
  expect(some.words).toBe(0);
  for (const [place, ts] of Object.entries(some.oldest)) expect(ts, place).toBeGreaterThanOrEqual(cut - 1);
  expect(some.report.cycles[0]!.hashes).toEqual(all.report.cycles[0]!.hashes); // what was learnt before is as it was
});

test('a run on a wire holds its newest 500 cycles and says how many came before; hashes are over all', async () => {
  const flows = makeFlows({ flows: 900, seed: 5 }).map(({ label: _, ...flow }): Flow => flow);
  const spec = specOf({ ...only('flow'), flow: { every: { flows: 1 }, minSamples: 1 }, settle: 0, keep: 'none' });
  /** A wire does not wait for a cycle; this one gives it time. */
  async function* read() {
    for (const flow of flows) {
      yield { kind: 'flows' as const, flows: [flow] };
      for (let turns = 0; turns < 5; turns++) await turn();
    }
  }
  const { report, tracked } = await run(spec, [{ ...flowSource([]), read, live: true }]);
  expect(tracked.length).toBeGreaterThan(500);
  expect([report.cycles.length, report.earlier]).toEqual([500, tracked.length - 500]);
  expect([report.cycles[0]!.number, report.cycles.at(-1)!.number]).toEqual([tracked.length - 499, tracked.length]);
  const inOrder = [...tracked].sort((a, b) => Number(a.params.cycle) - Number(b.params.cycle));
  expect(report.hashes.flows).toBe(sha256(...inOrder.map(({ tags }) => tags['netloop.sha256.flows']!)));
});
