import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { csvCell } from '../../src/service/csv.js';
import { storedAlert, storedAlerts } from '../contracts/alert-store.js';
import { createCaller } from './answers.js';
import { startSite } from './site.js';

const token = 'a token of at least sixteen';
const readToken = 'a token to look with only';

/** A site with a token, and the key of a deployment. */
async function startHub(options: Parameters<typeof startSite>[0] = {}) {
  const site = await startSite({ flows: 100, token, readToken, ...options });
  const { call } = await createCaller(site.url, token);
  const keyOf = async (name: string): Promise<string> => (await call('POST', `/deployments/${name}`)).json.key;
  const key = await keyOf('site-1');
  const send = (body: unknown, { as = key, gzip = false } = {}) =>
    fetch(`${site.url}/ingest/alerts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', ...(gzip ? { 'content-encoding': 'gzip' } : {}) },
      body: gzip ? gzipSync(JSON.stringify(body)) : JSON.stringify(body),
    });
  return { ...site, call, key, keyOf, send };
}

describe('alerts of other deployments', () => {
  test('come in batches, plain or gzip, each once; the key says whose they are', async () => {
    const { call, send, keyOf, broken } = await startHub();
    const first = await send({ alerts: storedAlerts(0, 300) });
    expect([first.status, await first.json()]).toEqual([200, { deployment: 'site-1', received: 300, stored: 300 }]);
    const again = await send({ alerts: storedAlerts(200, 400), versions: { flow: 3, behaviour: null } }, { gzip: true });
    expect(await again.json()).toEqual({ deployment: 'site-1', received: 200, stored: 100 });
    const other = await send({ alerts: storedAlerts(0, 5) }, { as: await keyOf('site-2') });
    expect(await other.json()).toEqual({ deployment: 'site-2', received: 5, stored: 5 });
    expect((await call('GET', '/alerts/stats')).json).toMatchObject({ stored: 405, archived: 0 });
    const page = (await call('GET', '/alerts?deployment=site-2&limit=2')).json;
    expect(page.alerts.map(({ id, deployment }: { id: string; deployment: string }) => [id, deployment])).toEqual([
      ['alert-4', 'site-2'],
      ['alert-3', 'site-2'],
    ]);
    expect((await call('GET', '/alerts?id=alert-2')).json.alerts).toHaveLength(2);
    const { deployments } = (await call('GET', '/deployments')).json;
    expect(deployments).toMatchObject([
      { name: 'site-1', versions: { flow: 3, behaviour: null } },
      { name: 'site-2', versions: {} },
    ]);
    expect(broken).toEqual([]);
  });

  test('what is no batch is refused, whole', async () => {
    const { send, call, url, key } = await startHub();
    for (const body of [
      {},
      { alerts: [{ ...storedAlert(1), score: 2 }] },
      { alerts: [storedAlert(1), { ...storedAlert(2), user: 'a\0b' }] },
      { alerts: [{ ...storedAlert(3), row: { duration: 1 } }] },
      { alerts: [{ ...storedAlert(1), orig_p: 70_000 }] },
      { alerts: storedAlerts(0, 5001) },
      { alerts: [], versions: { other: 1 } },
    ]) {
      expect((await send(body)).status, JSON.stringify(body).slice(0, 200)).toBe(400);
    }
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const post = (body: Uint8Array | string, encoding: string) =>
      fetch(`${url}/ingest/alerts`, { method: 'POST', body, headers: { ...headers, 'content-encoding': encoding } });
    expect((await post('not gzip at all', 'gzip')).status).toBe(400);
    expect((await post(gzipSync(JSON.stringify({ alerts: storedAlerts(0, 9) })).subarray(0, 300), 'gzip')).status).toBe(400);
    expect((await post('{}', 'br')).status).toBe(400);
    const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20, 32), { level: 9 });
    expect((await post(bomb, 'gzip')).status).toBe(413);
    expect((await call('GET', '/alerts/stats')).json.stored).toBe(0);
    expect((await send({ alerts: [storedAlert(1)] })).status).toBe(200);
  });

  test('keys: nobody sends without one, and one opens nothing else; a new one ends the old', async () => {
    const { send, url, key, keyOf, call } = await startHub();
    for (const as of ['', 'site-1', 'site-1.', `${key}x`, key.replace('site-1', 'site-2'), token, readToken]) {
      expect((await send({ alerts: [] }, { as })).status, as).toBe(401);
    }
    const as = (bearer: string) => ({ headers: { authorization: `Bearer ${bearer}` } });
    expect((await fetch(`${url}/alerts`, as(key))).status).toBe(403);
    expect((await fetch(`${url}/deployments/site-9`, { method: 'POST', ...as(key) })).status).toBe(403);
    expect((await fetch(`${url}/models/flow/champion`, as(key))).status).toBe(404); // let in: there is none yet
    const next = await keyOf('site-1');
    expect((await send({ alerts: [] })).status).toBe(401);
    expect((await send({ alerts: [] }, { as: next })).status).toBe(200);
    expect((await call('DELETE', '/deployments/site-1')).json).toEqual({ removed: true });
    expect((await send({ alerts: [] }, { as: next })).status).toBe(401);
    expect((await call('POST', '/deployments/Site%20One')).status).toBe(400);
  });

  test('roles: the read token looks at everything and changes nothing', async () => {
    const { url } = await startHub();
    const as = { headers: { authorization: `Bearer ${readToken}` } };
    for (const path of ['/alerts', '/learning/status', '/deployments', '/metrics', '/docs/json']) {
      expect((await fetch(url + path, as)).status, path).toBe(200);
    }
    for (const path of ['/learning/stop', '/alerts/archive', '/privacy/erase', '/sniffer/stop', '/detector/reload']) {
      const answer = await fetch(url + path, { method: 'POST', ...as });
      expect([path, answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([path, 403, 'NL_TOKEN']);
    }
    await expect(startSite({ readToken })).rejects.toMatchObject({ code: 'NL_OPTION' });
  });
});

describe('what is done with alerts', () => {
  test('feedback: true or false positive with a reason, on one alert of one deployment', async () => {
    const { call, send, keyOf } = await startHub();
    await send({ alerts: storedAlerts(0, 3) });
    const given = await call('POST', '/alerts/alert-1/feedback', { verdict: 'false-positive', reason: 'our own scanner', by: 'eve' });
    expect([given.status, given.json]).toMatchObject([200, { label: 0, source: 'person', deployment: 'site-1', by: 'eve' }]);
    expect((await call('POST', '/alerts/none/feedback', { verdict: 'true-positive', reason: 'x' })).json.error.code).toBe('NL_NOT_FOUND');
    expect((await call('POST', '/alerts/alert-1/feedback', { verdict: 'maybe', reason: 'x' })).status).toBe(400);
    expect((await call('POST', '/alerts/alert-1/feedback', { verdict: 'true-positive' })).status).toBe(400);
    await send({ alerts: storedAlerts(0, 3) }, { as: await keyOf('site-2') });
    const word = { verdict: 'true-positive', reason: 'seen it' };
    const unclear = await call('POST', '/alerts/alert-1/feedback', word);
    expect([unclear.status, unclear.json.error.message]).toEqual([400, expect.stringContaining('site-1, site-2')]);
    expect((await call('POST', '/alerts/alert-1/feedback', { ...word, deployment: 'site-2' })).json).toMatchObject({
      deployment: 'site-2',
      label: 1,
    });
  });

  test('archives: put aside, listed, read as CSV without a formula in it, while the reader is slow', async () => {
    const { call, send, url } = await startHub();
    const formula = { ...storedAlert(0), id: 'formula', user: '=HYPERLINK("http://evil")', rule: '@SUM(1)', evidence: { note: 'a,"b"\n' } };
    await send({ alerts: [formula, ...storedAlerts(1, 2500)] });
    expect((await call('POST', '/alerts/archive', { note: 'everything by accident' })).status).toBe(400);
    expect((await call('POST', '/alerts/archive', { rule: 'no such' })).status).toBe(404);
    const { json, status } = await call('POST', '/alerts/archive', { until: storedAlert(2000).ts, note: 'last month' });
    expect([status, json]).toMatchObject([201, { archive: 1, note: 'last month', alerts: 2000 }]);
    expect((await call('GET', '/alerts/archive')).json.archives).toEqual([json]);
    expect((await call('GET', '/alerts/stats')).json).toMatchObject({ stored: 500, archived: 2000 });
    const csv = await call('GET', '/alerts/archive/1');
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="alerts-1.csv"');
    const lines = csv.text.trimEnd().split('\r\n');
    expect(lines).toHaveLength(2001);
    expect(lines[0]).toMatch(/^id,time,ts,source,rule,orig_h,/);
    expect(lines[1]).toContain(`"'@SUM(1)"`);
    expect(lines[1]).toContain(`"'=HYPERLINK(""http://evil"")"`);
    expect(lines[2]).toMatch(/^alert-1,2023-11-14T22:13:21\.000Z,1700000001000001,DFA,flood,10\.0\.0\.7,40000,fe80::1,22,1,,bob,site-1,/);
    expect((await call('GET', '/alerts/archive/2')).status).toBe(404);
    // Those that are in no archive, and of them what a filter names, are told the same way.
    await call('POST', '/alerts/alert-2400/feedback', { verdict: 'false-positive', reason: 'our own scanner' });
    const live = await call('GET', '/alerts.csv');
    expect(live.headers.get('content-disposition')).toBe('attachment; filename="alerts.csv"');
    const open = live.text.trimEnd().split('\r\n');
    expect(open).toHaveLength(501);
    expect(open.filter((line) => !line.endsWith(','))).toEqual([open[0], expect.stringMatching(/^alert-2400,.*,false-positive$/)]);
    expect((await call('GET', '/alerts.csv?id=alert-2400')).text).toBe(`${open[0]}\r\n${open[401]}\r\n`);
    expect((await call('GET', '/alerts.csv?cursor=1')).status).toBe(400);
    // And what a person said is told beside the alert.
    const [said, unsaid] = (await call('GET', `/alerts?since=${storedAlert(2399).ts}&until=${storedAlert(2401).ts}`)).json.alerts;
    expect([said.id, said.verdict, unsaid.id, 'verdict' in unsaid]).toEqual(['alert-2400', 'false-positive', 'alert-2399', false]);
    // A reader that takes nothing for a while gets everything all the same, and keeps nobody waiting.
    const { hostname, port } = new URL(url);
    const slow = connect(Number(port), hostname);
    slow.write(
      `GET /alerts/archive/1 HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
    );
    slow.pause();
    expect((await call('GET', '/learning/status')).status).toBe(200);
    let text = '';
    for await (const chunk of slow) text += String(chunk);
    expect(text).toContain('alert-1999,');
  });

  test('a cell never begins a formula, and is one cell', () => {
    for (const text of ['=1+1', '+1', '-1', '@x', '\tx', '\rx']) expect(csvCell(text)).toMatch(/^"'/);
    expect([csvCell('a"b'), csvCell('a,b'), csvCell('a\nb'), csvCell(-5), csvCell(null), csvCell('plain')]).toEqual([
      '"a""b"',
      '"a,b"',
      '"a\nb"',
      '-5',
      '',
      'plain',
    ]);
  });

  test('erasure reaches archives, and gives a receipt that names nobody', async () => {
    const { call, send, dir } = await startHub();
    await send({ alerts: storedAlerts(0, 20) });
    await call('POST', '/alerts/archive', { until: storedAlert(10).ts });
    await call('POST', '/alerts/alert-1/feedback', { verdict: 'true-positive', reason: 'x' });
    const { status, json } = await call('POST', '/privacy/erase', { user: 'bob' });
    expect([status, json]).toMatchObject([200, { privacy: 'keep', erased: { alerts: 10, feedback: 1 } }]);
    expect(JSON.stringify(json)).not.toContain('bob');
    expect((await call('GET', '/alerts/archive/1')).text).not.toContain('bob');
    expect((await call('GET', '/alerts?user=bob')).json.alerts).toEqual([]);
    expect((await call('GET', '/alerts/stats')).json).toMatchObject({ stored: 5, archived: 5 });
    const file = join(dir, '.netloop', 'erasures.jsonl');
    expect(existsSync(file)).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(json);
    expect((await call('POST', '/privacy/erase', {})).status).toBe(400);
  });

  test('retention erases what is older, archived or not', async () => {
    const site = await startSite({ flows: 100, token });
    await site.ports.alerts.append([
      { ...storedAlert(1), ts: (Date.now() - 8 * 86_400_000) * 1e3 },
      { ...storedAlert(2), ts: Date.now() * 1e3 },
    ]);
    const { createRetention } = await import('../../src/service/retention.js');
    const { trusted, alerts } = site.ports;
    createRetention({ days: 7, places: { key: 'k', trusted, alerts }, now: Date.now, onError: (e) => site.broken.push(e) }).close();
    await site.until(async () => (await alerts.count()) === 1);
    expect((await alerts.query()).alerts.map(({ id }) => id)).toEqual(['alert-2']);
    expect(site.broken).toEqual([]);
  });
});
