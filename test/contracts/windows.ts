import { describe, expect, test } from 'vitest';
import { userKey } from '../../src/feedback.js';
import { type KeptWindow, keptWindow, type WindowStore } from '../../src/kept-window.js';
import type { AddressPrivacy } from '../../src/privacy.js';
import { specOf } from '../promises/run.js';
import { makeSteps } from '../traffic/flows.js';

const { flow: settings, sequence, labels: policy, gate } = specOf();
export const KEY = 'a key';

/** What a cycle saw, as it is kept: 600 flows of nine users, more than one piece. */
export const windowOf = (
  number = 1,
  { seed = number, privacy = 'keep' }: { seed?: number; privacy?: AddressPrivacy } = {},
): Promise<KeptWindow> => {
  const steps = makeSteps({ flows: 600, seed });
  const job = { learner: 'flow', number, window: { from: steps[0]!.flow.ts, to: steps.at(-1)!.flow.ts }, seed: 7, trusted: null } as const;
  return keptWindow({ ...job, alerts: [], steps, settings, sequence, policy, gate }, null, { privacy, key: KEY });
};
const user = userKey(KEY, '192.0.2.11');
const rowsOf = ({ steps }: KeptWindow): number => steps.filter((step) => step.user === user).length;

/** What every store of kept windows must do, whatever holds the bytes. */
export function windowsContract(name: string, create: () => WindowStore): void {
  describe(`${name} keeps the contract of kept windows`, () => {
    test('gives back exactly what was kept, by run, learner and number; a newer one takes its place', async () => {
      const store = create();
      const [one, two] = [await windowOf(1), await windowOf(2)];
      expect(await store.read('r1', 'flow', 1)).toBeNull();
      await store.keep('r1', one);
      await store.keep('r1', two);
      await store.keep('r2', { ...two, number: 1 });
      expect(await store.read('r1', 'flow', 1)).toEqual(one);
      expect(await store.read('r1', 'flow', 2)).toEqual(two);
      expect(await store.read('r2', 'flow', 1)).toEqual({ ...two, number: 1 });
      for (const [run, learner, number] of [
        ['r1', 'behaviour', 1],
        ['r1', 'flow', 3],
        ['r3', 'flow', 1],
      ] as const)
        expect(await store.read(run, learner, number)).toBeNull();
      await store.keep('r1', { ...one, seed: 8 });
      expect(await store.read('r1', 'flow', 1)).toMatchObject({ seed: 8 });
    });

    test('what is read may be bent without bending what is kept', async () => {
      const store = create();
      await store.keep('r1', await windowOf());
      ((await store.read('r1', 'flow', 1))!.steps as unknown[]).length = 0;
      expect((await store.read('r1', 'flow', 1))!.steps).toHaveLength(600);
    });

    test('a dry run counts what an erasure then takes; a window of which nothing is left goes', async () => {
      const store = create();
      const window = { ...(await windowOf()), flowsHash: 'what was seen' };
      await store.keep('r1', window);
      const rows = rowsOf(window);
      expect(rows).toBeGreaterThan(20);
      for (const options of [{ dryRun: true }, {}]) expect(await store.forget({ user }, options)).toEqual({ rows, windows: 0 });
      const left = (await store.read('r1', 'flow', 1))!;
      expect([left.steps.length, rowsOf(left), left.flowsHash]).toEqual([600 - rows, 0, undefined]);
      expect(await store.forget({ user })).toEqual({ rows: 0, windows: 0 });
      const until = Number.MAX_SAFE_INTEGER;
      for (const options of [{ dryRun: true }, {}])
        expect(await store.forget({ until }, options)).toEqual({ rows: 600 - rows, windows: 1 });
      expect(await store.read('r1', 'flow', 1)).toBeNull();
    });

    test('by time, only flows that ended before go', async () => {
      const store = create();
      const window = await windowOf();
      await store.keep('r1', window);
      const until = window.steps[300]!.flow.ts;
      const old = window.steps.filter(({ flow }) => flow.ts + flow.duration < until).length;
      expect(await store.forget({ until: window.window.from })).toEqual({ rows: 0, windows: 0 });
      expect(await store.forget({ until })).toEqual({ rows: old, windows: 0 });
      expect((await store.read('r1', 'flow', 1))!.steps).toHaveLength(600 - old);
    });
  });
}
