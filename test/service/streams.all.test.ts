import { get, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createCaller } from './answers.js';
import { startSite } from './site.js';

test('10,000 event streams: as many as there are get one, the others a polite refusal, and the service answers everybody else', {
  timeout: 300_000,
}, async () => {
  const most = 100;
  const site = await startSite({ flows: 100, streams: most, rate: 1_000_000 });
  const { call } = await createCaller(site.url);
  const open: IncomingMessage[] = [];
  const refused: { status: number | undefined; retry: string | undefined; code: string }[] = [];
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = get(`${site.url}/events`, { agent: false }, (answer) => {
        if (answer.statusCode === 200) {
          open.push(answer);
          answer.resume().on('error', () => {}); // closed with the service
          return resolve();
        }
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => {
          const { error } = JSON.parse(text) as { error: { code: string } };
          refused.push({ status: answer.statusCode, retry: answer.headers['retry-after'], code: error.code });
          resolve();
        });
      });
      request.on('error', reject);
    });
  for (let wave = 0; wave < 10; wave++) {
    const asking = Promise.all(Array.from({ length: 1000 }, ask));
    expect((await call('GET', '/healthz')).status).toBe(200);
    await asking;
  }
  expect([open.length, refused.length]).toEqual([most, 9900]);
  expect(new Set(refused.map((r) => JSON.stringify(r)))).toEqual(new Set(['{"status":503,"retry":"10","code":"NL_TOO_MUCH"}']));
  expect((await call('GET', '/metrics')).text).toContain(`netloop_event_streams ${most}\n`);
  for (const answer of open.slice(0, 50)) answer.destroy();
  await site.until(async () => /netloop_event_streams 50\n/.test((await call('GET', '/metrics')).text));
  expect(site.broken).toEqual([]);
});
