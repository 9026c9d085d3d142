import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { NetloopError } from '../../src/errors.js';
import { addressPrivacies, createMask } from '../../src/privacy.js';
import { maskAlert } from '../../src/stores/masked.js';
import { createSpooledTracking, type SpooledTracking } from '../../src/stores/spool.js';
import { storedAlert } from '../contracts/alert-store.js';
import { createCaller } from './answers.js';
import { small, startSite } from './site.js';

/** In two pieces: a run records the source that was changed, and this file must not be what is found there. */
const NAME = ['mallory', '7f3a'].join('-');
/** Addresses that the recording is full of (RFC 5737), a user's name, and planted ones that nothing else bears. */
const CANARIES = [
  /192\.0\.2\.1\d(?!\d)/,
  /198\.51\.100\.\d*[1-9]/,
  /203\.0\.113\.77/,
  /2001:db8:dead:beef::77/,
  /02?5e:00:53:af:77:01/i,
  new RegExp(NAME),
];
const planted = {
  ...storedAlert(1),
  orig_h: '203.0.113.77',
  resp_h: '2001:db8:dead:beef::77',
  user: NAME,
  rule: 'arp-spoofing',
  evidence: { claimed: '203.0.113.77 is-at 5e:00:53:af:77:01', victim: '2001:db8:dead:beef::77', user: NAME, packets: 9 },
  scope: { orig_h: '203.0.113.77', resp_h: '2001:db8:dead:beef::77', since: 1, until: 2 },
};

const filesIn = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
const hits = (text: string): string[] => CANARIES.flatMap((canary) => canary.exec(text)?.[0] ?? []);

const textOf = (path: string): string => {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
};

/** What was found in each file below a folder, but for the recordings themselves. */
function scan(dir: string): { readonly places: Record<string, string[]>; readonly files: readonly string[] } {
  const places: Record<string, string[]> = {};
  const files = filesIn(dir).filter((file) => !file.startsWith(join(dir, 'captures')));
  for (const path of files) {
    const found = hits(textOf(path));
    if (found.length > 0) places[path.slice(dir.length)] = found;
  }
  return { places, files };
}

/** Everything that anybody may read by GET, and the page with all that it loads. */
const READ = [
  '/',
  '/page.js',
  '/page.css',
  '/docs/json',
  '/healthz',
  '/alerts?limit=1000',
  '/alerts.csv',
  '/alerts/stats',
  '/sniffer/status',
  '/sniffer/captures',
  '/learning/status',
  '/learning/config',
  '/learning/history?limit=1000&all=true',
  '/monitoring',
  '/models',
  '/models/flow/champion',
  '/deployments',
  '/metrics',
];

test.each(addressPrivacies)(
  'canaries, %s: database, logs, kept windows, tracking store and its spool, artifacts, models, CSV, page, events and answers',
  async (mode) => {
    const mask = createMask({ mode, key: 'a key of this test' });
    let away = true;
    let spooled: SpooledTracking | undefined;
    const { dir, url, until, loop } = await startSite({
      flows: 1300,
      mask,
      config: { ...small, keep: 'window', privacy: 'keep' }, // the switch is stronger than the configuration
      // The tracking store is away until the sniffer has stopped: everything waits in the spool.
      tie: async (ports, state) => {
        const reach = () => {
          if (away) throw new NetloopError('NL_SERVER', 'away');
          return ports.tracking;
        };
        spooled = createSpooledTracking(reach, join(state, 'waiting'), { retry: 50 });
        return { ports: { ...ports, tracking: spooled } };
      },
    });
    const { call } = await createCaller(url);
    const stream = (await fetch(`${url}/events`)).body!.getReader();
    let told = '';
    const hear = async (what: RegExp): Promise<void> => {
      while (!what.test(told)) told += Buffer.from((await stream.read()).value!).toString();
    };
    await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
    await until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');
    expect(loop.learning().total_training_cycles).toBeGreaterThan(1);
    const waiting = scan(dir);
    expect(waiting.files.filter((file) => file.includes('/waiting/')).length).toBeGreaterThan(1);
    expect(waiting.files.filter((file) => file.includes('/windows/') && file.endsWith('.gz')).length).toBeGreaterThan(1);
    away = false;
    await until(() => spooled!.drain());

    const { key } = (await call('POST', '/deployments/site-1')).json;
    const sent = await fetch(`${url}/ingest/alerts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        alerts: [{ ...planted, id: 'a target', rule: 'arp-sweep', user: '203.0.113.77', resp_h: '192.0.2.10' }, planted],
      }),
    });
    expect(await sent.json()).toMatchObject({ stored: 2 });
    const found = (await call('GET', '/alerts?limit=1000')).json.alerts as { id: string; rule: string; user: string }[];
    const spoofing = found.find(({ rule }) => rule === 'arp-spoofing')!;
    await hear(/arp-spoofing/);
    expect(told).toContain(`"id":"${spoofing.id}"`);
    expect(told).toMatch(/event: sniffer\n[\s\S]*event: cycle\n/);
    await stream.cancel();
    await call('POST', `/alerts/${spoofing.id}/feedback`, { verdict: 'true-positive', reason: 'mallory at 203.0.113.77' });
    const { version } = (await call('GET', '/models/flow/champion')).json;
    const why = '2001:db8:dead:beef::77 was seen';
    expect((await call('POST', '/models/flow/promote', { version, force: true, why })).status).toBe(200);
    const answers: Record<string, string> = { events: told };
    for (const path of READ) answers[path] = (await call('GET', path)).text;
    expect(answers['/alerts.csv']!.split('\r\n').length).toBeGreaterThan(found.length);
    expect((await call('POST', '/alerts/archive', { source: 'DFA', note: 'all of 203.0.113.77' })).status).toBe(201);
    answers['/alerts/archive'] = (await call('GET', '/alerts/archive')).text;
    answers['/alerts/archive/1'] = (await call('GET', '/alerts/archive/1')).text;
    const before = scan(dir);
    // Who asks for erasure names the person as the traffic does.
    const receipt = (await call('POST', '/privacy/erase', { user: '192.0.2.10' })).json;
    expect(receipt.erased.alerts + receipt.erased.ledger).toBeGreaterThan(0);
    expect(receipt.erased.kept_flows).toBeGreaterThan(0);
    const again = (await call('POST', '/privacy/erase', { user: NAME })).json;
    expect(again.erased).toMatchObject({ alerts: 1, feedback: 1 });
    answers.receipts = JSON.stringify([receipt, again]);
    const after = scan(dir);

    const heard = Object.keys(answers).filter((path) => hits(answers[path]!).length > 0);
    const places = { ...waiting.places, ...before.places, ...after.places };
    expect(after.files.length).toBeGreaterThan(10);
    if (mode === 'keep') {
      // What was erased stands nowhere, neither as a source nor as a target.
      expect(Object.values(before.places).flat()).toEqual(expect.arrayContaining(['203.0.113.77', NAME]));
      const traffic = after.files.filter((file) => !file.includes('/artifacts/code/')); // what was changed in the source is no traffic
      const left = traffic.filter((file) => /192\.0\.2\.10(?!\d)/.test(textOf(file)));
      expect(left).toEqual([]);
      // The scan sees what is there.
      expect(heard).toEqual(expect.arrayContaining(['/alerts?limit=1000', '/alerts.csv', '/alerts/archive/1']));
      for (const where of [/alerts\.db/, /\/windows\/.*gz$/])
        expect(Object.keys(places).filter((path) => where.test(path))).not.toEqual([]);
    } else expect([heard, places]).toEqual([[], {}]);
  },
);

test('a masked alert keeps what it is about, and the same traffic keeps its id', () => {
  const mask = createMask({ mode: 'pseudonym', key: 'k' });
  const masked = maskAlert(planted, mask, 'home');
  expect(masked).toEqual(maskAlert(planted, mask, 'home'));
  expect(masked.id).toMatch(/^[0-9a-f]{16}$/);
  expect(masked.scope!.orig_h).toBe(masked.orig_h);
  expect(masked.evidence.claimed).toMatch(new RegExp(`^${masked.orig_h} is-at 02(:[0-9a-f]{2}){5}$`));
  expect([masked.evidence.user, masked.evidence.packets, masked.row, masked.ts]).toEqual([masked.user, 9, planted.row, planted.ts]);
});
