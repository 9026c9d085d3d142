// A live cycle, kept and run again to the bit: the service's sniffer, paced as a wire is.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { userKey } from '../../src/feedback.js';
import { judgeRerun } from '../../src/rerun.js';
import { rerunWindows } from '../../src/rerun-windows.js';
import { createKeptWindows } from '../../src/stores/kept-windows.js';
import { readRun } from '../../src/stores/recorded-run.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { trainHere } from '../promises/run.js';
import { small, startSite } from './site.js';

/** A sniffer's run over live traffic, as it was recorded, and how to run it again. */
async function watched(keep: unknown, flows = 1020) {
  const { dir, loop, ports, until } = await startSite({ flows, config: { ...small, keep } });
  await loop.start({ capture: 'captures/conn.log', speed: 2000 });
  await until(() => loop.sniffer().state === 'stopped');
  const tracking = createEmbeddedTracking(join(dir, '.netloop', 'tracking'));
  onTestFinished(() => tracking.close());
  const [{ id }] = (await tracking.runs({ experiment: 'service', parent: null })) as [{ id: string }];
  const windows = createKeptWindows(join(dir, '.netloop', 'windows'));
  const run = await readRun(tracking, id);
  const again = () => rerunWindows(run, { windows, version: async () => null, trusted: async () => null, train: trainHere });
  return { dir, run, windows, again, key: ports.ledger!.key };
}

test('keep: window; a live run is run again to the bit, and refused after an erasure, naming the golden set', async () => {
  const { run, windows, again, key } = await watched('window');
  expect(run.tags['netloop.clock']).toBe('wire');
  expect(run.cycles.map(({ learner, number }) => `${learner} ${number}`).sort()).toEqual([
    ...['behaviour 1', 'behaviour 2', 'flow 1', 'flow 2'],
  ]);
  const kept = (await windows.read(run.id, 'flow', 1))!;
  expect(JSON.stringify(kept)).not.toMatch(/192\.0\.2\.1\d\b/); // the recording's users
  expect(judgeRerun(run, { cycles: await again() })).toMatchObject({ verdict: 'bit-exact', first: null, cycles: 4 });

  expect(await windows.forget({ user: userKey(key, '192.0.2.10') })).toMatchObject({ windows: 0 });
  await expect(again()).rejects.toMatchObject({
    code: 'NL_DATASET',
    message: expect.stringMatching(/^the golden set of flow's lineage is not the one .*rows of it were erased$/),
  });
});

test('without kept windows a live run says that it cannot be run again', async () => {
  const { dir, again } = await watched('ledger', 450);
  expect(existsSync(join(dir, '.netloop', 'windows'))).toBe(false);
  await expect(again()).rejects.toMatchObject({
    code: 'NL_NOT_KEPT',
    message: expect.stringMatching(/^run .* was live, and what flow cycle 1 saw was not kept .*keep: window/),
  });
});
