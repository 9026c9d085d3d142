// A few of each cycle's automatic labels are asked about over REST; answers are counted, and no row is asked about twice.
import { expect, test } from 'vitest';
import { AUDITS } from '../../src/audit.js';
import { createCaller } from './answers.js';
import { startSite } from './site.js';

interface Audit {
  readonly learner: string;
  readonly cycle: number;
  readonly drawn: number;
  readonly checked: number;
  readonly wrong: number;
  readonly noise: number | null;
  readonly low: number;
  readonly high: number;
  readonly open: readonly { readonly id: string; readonly began: string; readonly label: 'attack' | 'benign'; readonly by: string }[];
}

test('labels of each cycle are asked about, and answers tell how wrong they are', async () => {
  const { url, until, loop, ports, broken } = await startSite();
  const { call } = await createCaller(url);
  const audits = async (path = '/learning/audit'): Promise<readonly Audit[]> => (await call('GET', path)).json.audits;
  expect(await audits()).toEqual([]);
  await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
  await until(() => loop.sniffer().state === 'stopped');

  const asked = await audits('/learning/audit?cycles=200');
  expect(asked.length).toBeGreaterThan(1);
  for (const audit of asked) {
    expect(audit.drawn).toBeLessThanOrEqual(AUDITS);
    expect(audit.open).toHaveLength(audit.drawn);
    expect(audit).toMatchObject({ checked: 0, wrong: 0, noise: null, low: 0, high: 1 });
  }
  expect(JSON.stringify(asked)).not.toMatch(/\d+\.\d+\.\d+\.\d+/); // no address
  expect(await audits('/learning/audit?cycles=1')).toEqual(asked.slice(0, 1));

  const { learner, cycle, open } = asked.find((audit) => audit.open.length >= 2)!;
  const [right, wrong] = [open[0]!, open[1]!];
  const opposite = { attack: 'benign', benign: 'attack' } as const;
  const said = await call('POST', `/learning/audit/${right.id}`, { verdict: right.label, reason: 'seen in the log', by: 'ada' });
  expect(said).toMatchObject({ status: 200, json: { id: right.id, verdict: right.label, source: 'person', by: 'ada' } });
  await call('POST', `/learning/audit/${wrong.id}`, { verdict: opposite[wrong.label], reason: 'it was the scanner' });

  const after = (await audits('/learning/audit?cycles=200')).find((audit) => audit.learner === learner && audit.cycle === cycle)!;
  expect(after).toMatchObject({ drawn: open.length, checked: 2, wrong: 1, noise: 0.5 });
  expect(after.low).toBeGreaterThan(0);
  expect(after.high).toBeLessThan(1);
  expect(after.open.map(({ id }) => id)).toEqual(open.slice(2).map(({ id }) => id));
  expect((await ports.feedback!.labels()).map(({ subject, label, by }) => ({ subject, label, by }))).toEqual([
    { subject: 'flow', label: right.label === 'attack' ? 1 : 0, by: 'ada' },
    { subject: 'flow', label: wrong.label === 'attack' ? 0 : 1, by: 'operator' },
  ]);

  expect(await call('POST', '/learning/audit/nobody', { verdict: 'attack', reason: 'x' })).toMatchObject({ status: 404 });
  expect(await call('POST', `/learning/audit/${right.id}`, { verdict: 'perhaps', reason: 'x' })).toMatchObject({ status: 400 });
  expect(await call('POST', `/learning/audit/${right.id}`, { verdict: 'attack', reason: '' })).toMatchObject({ status: 400 });
  expect(await call('GET', '/learning/audit?cycles=0')).toMatchObject({ status: 400 });
  expect(broken).toEqual([]);
});
