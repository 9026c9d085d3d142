// What a person says of an alert over REST is what the next cycle learns from, masked or not.
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type AddressPrivacy, createMask } from '../../src/privacy.js';
import { readRun } from '../../src/stores/recorded-run.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { createCaller } from './answers.js';
import { small, startSite } from './site.js';

/** Windows of flows alone; the recording tells no truth, so people are the only ones to learn from. */
const config = { ...small, flow: { ...small.flow, every: { flows: 650 } }, behaviour: { ...small.behaviour, enabled: false } };

test.each<AddressPrivacy>(['keep', 'pseudonym'])(
  'addresses %s: words on alerts are labels of their flows, and erased with their user',
  async (mode) => {
    const { url, until, dir, loop } = await startSite({
      flows: 1400,
      labels: false,
      config,
      mask: createMask({ mode, key: 'of this test' }),
    });
    const { call } = await createCaller(url);
    const tracking = createEmbeddedTracking(join(dir, '.netloop', 'tracking'));
    onTestFinished(() => tracking.close());
    /** Flows that a person's word labelled, of the newest run. */
    const labelled = async (): Promise<number> => {
      await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
      await until(() => loop.sniffer().state === 'stopped');
      const [run] = await tracking.runs({ experiment: 'service', parent: null });
      const { cycles } = await readRun(tracking, run!.id);
      expect(cycles.length).toBeGreaterThan(1);
      return cycles.reduce((sum, { labels }) => sum + labels.bySource.person, 0);
    };
    expect(await labelled()).toBe(0);
    const { alerts } = (await call('GET', '/alerts?limit=1000&source=DFA')).json as { alerts: { id: string; user: string }[] };
    expect(alerts.length).toBeGreaterThan(2);
    for (const { id } of alerts) await call('POST', `/alerts/${id}/feedback`, { verdict: 'true-positive', reason: 'seen in the log' });
    const all = await labelled();
    expect(all).toBeGreaterThan(50);
    expect((await call('POST', '/privacy/erase', { user: '192.0.2.10' })).json.erased.feedback).toBeGreaterThan(0);
    const left = await labelled();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(all);
  },
);
