import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createCaller } from './answers.js';
import { startSite } from './site.js';

/** A request with headers that fetch would not let through. */
const raw = (url: string, headers: Record<string, string>, method = 'GET'): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode!, text }));
    });
    sent.on('error', reject);
    sent.end();
  });
const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;

describe('what the service refuses', () => {
  test('unknown addresses, wrong values, broken and oversized bodies: coded JSON', async () => {
    const { url, broken } = await startSite({ bodyLimit: 2000 });
    const { call } = await createCaller(url);
    const lost = await call('GET', '/nothing/here');
    expect([lost.status, lost.json.error.code]).toEqual([404, 'NL_NOT_FOUND']);
    for (const [method, path, body] of [
      ['GET', '/learning/history?limit=0'],
      ['GET', '/learning/history?limit=x'],
      ['GET', '/alerts?source=NOBODY'],
      ['GET', '/alerts?cursor=-1'],
      ['GET', '/alerts?unknown=1'],
      ['POST', '/learning/train-now', { learner: 'other' }],
      ['POST', '/models/flow/promote', { version: 'newest' }],
      ['POST', '/sniffer/start', { capture: 'captures/conn.log', interface: 'lo' }],
      ['POST', '/sniffer/start', {}],
      ['POST', '/sniffer/start', { interface: '../../etc' }],
      ['POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 0 }],
    ] as const) {
      const { status, json } = await call(method, path, body);
      expect([path, status, json.error.code]).toEqual([path, 400, 'NL_OPTION']);
    }
    expect((await call('POST', '/models/other/rollback', {})).json.error.code).toBe('NL_MODEL_UNKNOWN');
    const long = await call('POST', `/models/${'x'.repeat(500)}/rollback`, {}); // not the router's own words
    expect([long.status, long.json.error.code]).toEqual([400, 'NL_OPTION']);
    const json = { 'content-type': 'application/json' };
    const torn = await fetch(`${url}/sniffer/start`, { method: 'POST', body: '{"capture":', headers: json });
    expect([torn.status, codeOf(await torn.text())]).toEqual([400, 'NL_OPTION']);
    const big = await fetch(`${url}/sniffer/start`, { method: 'POST', body: JSON.stringify({ capture: 'x'.repeat(3000) }), headers: json });
    expect([big.status, codeOf(await big.text())]).toEqual([413, 'NL_TOO_MUCH']);
    expect(broken).toEqual([]);
  });

  test('no path from a request reaches the file system', async () => {
    const { url } = await startSite();
    const { call } = await createCaller(url);
    for (const capture of ['/etc/passwd', '../captures/conn.log', 'captures/../captures/conn.log', 'captures/conn.log\0', 'captures']) {
      const { status, json } = await call('POST', '/sniffer/start', { capture });
      expect([status, json.error.code]).toEqual([404, 'NL_FILE_MISSING']);
    }
    const { status, json } = await call('POST', '/sniffer/start', { interface: 'lo' });
    expect([status, json.error.code]).toEqual([409, 'NL_RIGHTS']);
  });

  test('with a token only those who bring it; the page and the sign of life are open', async () => {
    const token = 'a token of at least sixteen';
    const { url } = await startSite({ token });
    const { call } = await createCaller(url, token);
    expect((await call('GET', '/learning/status')).status).toBe(200);
    for (const authorization of ['', `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, `Basic ${token}`, 'Bearer', 'Bearer ']) {
      for (const path of ['/learning/status', '/events', '/metrics', '/docs/json', '/nothing']) {
        const { status, text } = await raw(url + path, { authorization });
        expect([path, status, codeOf(text)]).toEqual([path, 401, 'NL_TOKEN']);
      }
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(url)).status).toBe(200);
  });

  test('beyond this machine it does not start without a token, nor with a short one', async () => {
    await expect(startSite({ host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'NL_OPTION',
      message: expect.stringContaining('NETLOOP_TOKEN'),
    });
    await expect(startSite({ token: 'short' })).rejects.toMatchObject({ code: 'NL_OPTION' });
  });

  test('foreign pages in a browser of this machine: by their origin, and by a host that is not ours', async () => {
    const { url } = await startSite();
    const { host } = new URL(url);
    expect((await raw(`${url}/learning/stop`, { origin: 'https://example.org' }, 'POST')).status).toBe(401);
    expect((await raw(`${url}/learning/stop`, { origin: 'null' }, 'POST')).status).toBe(401);
    expect((await raw(`${url}/learning/status`, { host: 'rebound.example.org' })).status).toBe(401);
    expect((await raw(`${url}/learning/stop`, { origin: `http://${host}` }, 'POST')).status).toBe(200);
  });

  test('guessing tokens is limited like anything else', async () => {
    const { url } = await startSite({ token: 'a token of at least sixteen', rate: 5 });
    const seen: number[] = [];
    for (let i = 0; i < 7; i++) seen.push((await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${i}` } })).status);
    expect(seen).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  test('headers: a strict policy, no sniffing, no framing', async () => {
    const { url } = await startSite();
    const { headers } = await fetch(url);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('too many requests, too many streams: refused politely, and there is room again afterwards', async () => {
    const { url, service } = await startSite({ rate: 40, streams: 2 }).then((site) => ({ ...site, service: site }));
    const open = [new AbortController(), new AbortController()];
    const streams = await Promise.all(open.map(({ signal }) => fetch(`${url}/events`, { signal })));
    expect(streams.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual([
      [200, 'text/event-stream'],
      [200, 'text/event-stream'],
    ]);
    const third = await fetch(`${url}/events`);
    expect([third.status, codeOf(await third.text())]).toEqual([503, 'NL_TOO_MUCH']);
    service.loop.configure({ automatic: false });
    const reader = streams[0]!.body!.getReader();
    let told = '';
    while (!told.includes('event: config')) told += Buffer.from((await reader.read()).value!).toString();
    expect(told).toContain('{"key":"automatic","from":"true","to":"false"}');
    open[0]!.abort();
    await service.until(async () => {
      const again = new AbortController();
      const { status } = await fetch(`${url}/events`, { signal: again.signal });
      again.abort();
      return status === 200;
    });
    let status = 200;
    for (let i = 0; i < 45 && status === 200; i++) status = (await fetch(`${url}/healthz`)).status;
    expect(status).toBe(429);
    open[1]!.abort();
  });
});
