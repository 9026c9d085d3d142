import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sha256 } from '../../src/hash.js';
import type { ModelVersion, Registry } from '../../src/registry.js';
import { createTeller, readWebhooks } from '../../src/service/webhook.js';
import { testFolder } from '../stores/folder.js';
import { createCaller } from './answers.js';
import { small, startSite } from './site.js';

/** The champion with its last layer turned round: what was an attack is benign. Stored as a version, not live. */
async function putOpposite(registry: Registry): Promise<ModelVersion> {
  const champion = (await registry.current('flow'))!;
  const values = new Float32Array(new Uint8Array(champion.model.weights).buffer);
  const { dense } = champion.model.architecture;
  const last = dense.at(-1)! + 1; // weights of the last layer and its bias
  for (let i = values.length - last; i < values.length; i++) values[i] = -values[i]!;
  const weights = new Uint8Array(values.buffer);
  const { version, ...rest } = champion;
  return registry.put({ ...rest, parent: version, model: { ...champion.model, weights, sha256: sha256(weights) }, note: 'turned round' });
}

/** A place that webhooks reach: answers what it is told to, in turn. */
async function listen(
  answers: readonly (number | 'never')[],
): Promise<{ url: string; got: Record<string, unknown>[]; tries: () => number }> {
  const got: Record<string, unknown>[] = [];
  let tries = 0;
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const answer = answers[Math.min(tries++, answers.length - 1)]!;
      if (answer === 'never') return;
      if (answer === 200) got.push(JSON.parse(body) as Record<string, unknown>);
      response.writeHead(answer, answer === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, got, tries: () => tries };
}

const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; !what(); i++) {
    if (i > 1000) throw new Error(`never: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('after a promotion', () => {
  test('a version that does worse than its predecessor is taken back by itself; page, metrics, log and webhook are told', async () => {
    const hook = await listen([200]);
    const config = {
      ...small,
      automatic: false,
      monitor: { probation: 100, window: 100 },
      gate: { maxRateShift: 0.1 },
      flow: { ...small.flow, first: { epochs: 12, learningRate: 0.005 } },
    };
    const dir = testFolder();
    const state = join(dir, 'state');
    mkdirSync(state);
    writeFileSync(join(state, 'webhooks.json'), JSON.stringify({ webhooks: [{ url: hook.url }] }));
    const site = await startSite({ config, flows: 4000, state });
    const { call } = await createCaller(site.url);
    await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 100 });
    const flow = () => site.loop.learning().learners.find(({ name }) => name === 'flow')!;
    await site.until(() => flow().flows > 300);
    await call('POST', '/learning/train-now', { learner: 'flow' });
    await site.until(() => flow().live === 1);
    const bad = await putOpposite(site.ports.registry);
    await call('POST', '/models/flow/promote', { version: bad.version, force: true, why: 'a test' });
    expect(flow().live).toBe(bad.version);
    await site.until(async () => (await call('GET', '/monitoring')).json.rollbacks === 1);
    expect(flow().live).toBe(1);
    const { degradations, live } = (await call('GET', '/monitoring')).json;
    expect(degradations.find(({ kind }: { kind: string }) => kind === 'rolled-back')).toMatchObject({
      learner: 'flow',
      version: bad.version,
    });
    expect(live.map(({ to }: { to: number }) => to)).toEqual([1, bad.version, 1]);
    expect(live.at(-1).why).toMatch(
      /^automatic rollback: flow@\d+ did worse than flow@1 on the 100 answers after its promotion: rate-shift/,
    );
    expect((await call('GET', '/metrics')).text).toContain('netloop_automatic_rollbacks_total 1\n');
    await site.until(() => hook.got.some(({ kind }) => kind === 'rolled-back'));
    expect(readFileSync(join(state, 'service.log'), 'utf8')).toMatch(/"level":"warn","event":"health".*"kind":"rolled-back"/);
    // What was put back is not put on probation against what it replaced.
    const seen = site.loop.sniffer().flows;
    await site.until(() => site.loop.sniffer().flows > seen + 150);
    expect((await call('GET', '/monitoring')).json.rollbacks).toBe(1);
    expect(flow().live).toBe(1);
  });
});

describe('webhooks', () => {
  test('what fails is tried again, what is refused is not; a redirect is not followed; one that never answers is given up', async () => {
    const failures: string[] = [];
    const places = await Promise.all(([[500, 429, 200], [400], [302], ['never'], [500]] as const).map((answers) => listen(answers)));
    const teller = createTeller({
      webhooks: places.map(({ url }) => ({ url, timeout: 0.2, retries: 2 })),
      pause: 5,
      onFailure: (url, why) => failures.push(`${places.findIndex((place) => place.url === url)}: ${why}`),
    });
    teller.tell({ kind: 'score-shift' });
    await until(() => failures.length === 4 && places[0]!.got.length === 1);
    expect(places.map(({ tries }) => tries())).toEqual([3, 1, 1, 3, 3]);
    expect(places[0]!.got).toEqual([{ kind: 'score-shift' }]);
    expect(failures.sort()).toEqual(['1: it answered 400', '2: it answered 302', '3: no answer within 0.2 s', '4: it answered 500']);
    expect(teller.failures()).toBe(4);
    await teller.close();
  });

  test('closing gives up at once', async () => {
    const { url } = await listen(['never']);
    const teller = createTeller({ webhooks: [{ url, timeout: 60, retries: 3 }] });
    teller.tell({});
    await teller.close();
    expect(teller.failures()).toBe(1);
  });

  test('addresses come from the file alone, and a wrong file says what is wrong', async () => {
    const file = join(testFolder(), 'webhooks.json');
    expect(readWebhooks(file)).toEqual([]);
    writeFileSync(file, '{"webhooks":[{"url":"https://example.org/x"}]}');
    expect(readWebhooks(file)).toEqual([{ url: 'https://example.org/x', timeout: 5, retries: 3 }]);
    for (const text of ['{', '{"webhooks":[{"url":"file:///etc/passwd"}]}', '{"hooks":[]}', '{"webhooks":[{"url":"x"}]}']) {
      writeFileSync(file, text);
      expect(() => readWebhooks(file)).toThrow(expect.objectContaining({ code: 'NL_SPEC' }));
    }
    const { url } = await startSite({ flows: 100 });
    const { call } = await createCaller(url);
    const { status, json } = await call('PUT', '/learning/config', { webhooks: [{ url: 'http://127.0.0.1:1/' }] });
    expect([status, json.error.code]).toEqual([400, 'NL_SPEC']);
  });
});
