import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { addressPrivacies, createMask } from '../../src/privacy.js';
import { maskAlert } from '../../src/stores/masked.js';
import { storedAlert } from '../contracts/alert-store.js';
import { createCaller } from './answers.js';
import { startSite } from './site.js';

/** Addresses that the recording is full of (RFC 5737), a user's name, and planted ones that nothing else bears. */
const CANARIES = [
  /192\.0\.2\.1\d(?!\d)/,
  /198\.51\.100\.\d*[1-9]/,
  /203\.0\.113\.77/,
  /2001:db8:dead:beef::77/,
  /02?5e:00:53:af:77:01/i,
  /mallory-7f3a/,
];
const planted = {
  ...storedAlert(1),
  orig_h: '203.0.113.77',
  resp_h: '2001:db8:dead:beef::77',
  user: 'mallory-7f3a',
  rule: 'arp-spoofing',
  evidence: { claimed: '203.0.113.77 is-at 5e:00:53:af:77:01', victim: '2001:db8:dead:beef::77', user: 'mallory-7f3a', packets: 9 },
  scope: { orig_h: '203.0.113.77', resp_h: '2001:db8:dead:beef::77', since: 1, until: 2 },
};

const filesIn = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
const hits = (text: string): string[] => CANARIES.flatMap((canary) => canary.exec(text)?.[0] ?? []);

test.each(addressPrivacies)('canaries, %s: database, logs, tracking store, artifacts, models, CSV and API answers', async (mode) => {
  const mask = createMask({ mode, key: 'a key of this test' });
  const { dir, url, until, loop } = await startSite({ flows: 1300, mask });
  const { call } = await createCaller(url);
  await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
  await until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');
  expect(loop.learning().total_training_cycles).toBeGreaterThan(1);
  const { key } = (await call('POST', '/deployments/site-1')).json;
  const stream = (await fetch(`${url}/events`)).body!.getReader();
  const sent = await fetch(`${url}/ingest/alerts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ alerts: [planted] }),
  });
  expect(await sent.json()).toMatchObject({ stored: 1 });
  const found = (await call('GET', '/alerts?limit=1000')).json.alerts as { id: string; rule: string; user: string }[];
  const answers = [
    JSON.stringify(found),
    (await call('GET', '/alerts/stats')).text,
    (await call('GET', '/learning/history?limit=1000&all=true')).text,
    (await call('GET', '/models')).text,
    (await call('GET', '/models/flow/champion')).text,
    (await call('GET', '/metrics')).text,
  ];
  let told = '';
  while (!told.includes('arp-spoofing')) told += Buffer.from((await stream.read()).value!).toString();
  await stream.cancel();
  const spoofing = found.find(({ rule }) => rule === 'arp-spoofing')!;
  expect(told).toContain(`"id":"${spoofing.id}"`);
  await call('POST', `/alerts/${spoofing.id}/feedback`, { verdict: 'true-positive', reason: 'seen' });
  expect((await call('POST', '/alerts/archive', { source: 'DFA' })).status).toBe(201);
  answers.push((await call('GET', '/alerts/archive/1')).text);
  // Who asks for erasure names the person as the traffic does.
  const receipt = (await call('POST', '/privacy/erase', { user: '192.0.2.10' })).json;
  expect(receipt.erased.alerts + receipt.erased.ledger).toBeGreaterThan(0);
  const again = (await call('POST', '/privacy/erase', { user: 'mallory-7f3a' })).json;
  expect(again.erased).toMatchObject({ alerts: 1, feedback: 1 });
  answers.push(JSON.stringify([receipt, again]));

  const places: Record<string, string[]> = { answers: answers.flatMap(hits) };
  let files = 0;
  for (const path of filesIn(dir).filter((file) => !file.startsWith(join(dir, 'captures')))) {
    const bytes = readFileSync(path);
    const found = hits((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1'));
    if (found.length > 0) places[path.slice(dir.length)] = found;
    files++;
  }
  expect(files).toBeGreaterThan(10);
  if (mode === 'keep')
    expect(places.answers!.length).toBeGreaterThan(3); // the scan sees what is there
  else expect(places).toEqual({ answers: [] });
});

test('a masked alert keeps what it is about, and the same traffic keeps its id', () => {
  const mask = createMask({ mode: 'pseudonym', key: 'k' });
  const masked = maskAlert(planted, mask, 'home');
  expect(masked).toEqual(maskAlert(planted, mask, 'home'));
  expect(masked.id).toMatch(/^[0-9a-f]{16}$/);
  expect(masked.scope!.orig_h).toBe(masked.orig_h);
  expect(masked.evidence.claimed).toMatch(new RegExp(`^${masked.orig_h} is-at 02(:[0-9a-f]{2}){5}$`));
  expect([masked.evidence.user, masked.evidence.packets, masked.row, masked.ts]).toEqual([masked.user, 9, planted.row, planted.ts]);
});
