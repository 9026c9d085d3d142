// Labels of people, erasure and learning again, through the command line, on a home that a service has used.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { openPorts } from '../../src/cli/ports.js';
import { alertFeedback, userFeedback, userKey } from '../../src/feedback.js';
import { createCaptures } from '../../src/service/captures.js';
import { createConfigStore } from '../../src/service/config.js';
import { createEventHub } from '../../src/service/events.js';
import { createLoop } from '../../src/service/loop.js';
import { resolveSpec } from '../../src/spec.js';
import { small } from '../service/site.js';
import { createTestHome, program } from './home.js';

const exec = promisify(execFile);

/** A service's loop on a home; `leave` gives the home back to other commands. */
async function serve(home: ReturnType<typeof createTestHome>, config: Record<string, unknown> = {}) {
  process.env.NETLOOP_HOME = home.dir;
  const ports = await openPorts(resolveSpec({ source: { files: ['-'] }, publish: true }));
  delete process.env.NETLOOP_HOME;
  const loop = await createLoop({
    ports,
    config: createConfigStore({
      file: join(home.dir, 'config.json'),
      log: join(home.dir, 'changes.jsonl'),
      initial: { ...small, ...config },
    }),
    captures: createCaptures({ captures: home.dir }),
    events: createEventHub(),
  });
  const watch = async (): Promise<void> => {
    await loop.start({ capture: 'captures/conn.log', speed: 'max' });
    while (loop.sniffer().state !== 'stopped') await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const leave = async (): Promise<void> => {
    await loop.close();
    await ports.close();
  };
  return { loop, ports, watch, leave };
}

function createHome() {
  const home = createTestHome();
  onTestFinished(home.remove);
  const netloop = (...args: string[]) =>
    exec(process.execPath, [program, ...args], { env: { ...process.env, NETLOOP_HOME: home.dir } }).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  const json = async (...args: string[]) => JSON.parse((await netloop(...args, '--json')).stdout);
  return { ...home, netloop, json };
}

test('forget: a user leaves every place, a version what it labelled; what stays in weights is said, and is learnt again from kept windows', async () => {
  const home = createHome();
  const { ports, watch, leave } = await serve(home, { keep: 'window' });
  await watch();
  const key = ports.ledger!.key;
  const user = userKey(key, '192.0.2.10');
  const busy = await home.netloop('forget', '--user', '192.0.2.10');
  expect(busy).toMatchObject({ code: 1, stderr: expect.stringMatching(/^NL_BUSY/) });
  await leave();

  const trusted = async () => {
    const { createTrustedFiles } = await import('../../src/stores/trusted-files.js');
    return createTrustedFiles(join(home.dir, '.netloop', 'trusted'));
  };
  const before = (await (await trusted()).load('flow'))!;
  expect(before.origins!.golden.users).toContain(user);
  const tried = await home.json('forget', '--user', '192.0.2.10', '--dry-run');
  expect(tried.dry_run).toBe(true);
  expect(tried.erased.golden.flow).toBe(before.origins!.golden.users.filter((u) => u === user).length);
  for (const place of ['ledger', 'alerts'] as const) expect(tried.erased[place], place).toBeGreaterThan(0);
  expect(tried.erased.windows.rows).toBeGreaterThan(100);
  const done = await home.json('forget', '--user', '192.0.2.10');
  expect(done.erased).toEqual(tried.erased);
  expect(done.lasting.flow).toContain(1); // the reservoir's rows had a part in the first champion
  const after = (await (await trusted()).load('flow'))!;
  expect(after.origins!.golden.users).not.toContain(user);
  expect(after.origins!.reservoir.users).not.toContain(user);
  expect(after.goldenHash).not.toBe(before.goldenHash);
  const nothing = await home.json('forget', '--user', '192.0.2.10');
  expect(nothing.erased).toMatchObject({ ledger: 0, alerts: 0, windows: { rows: 0 }, golden: { flow: 0 } });
  const receipts = readFileSync(join(home.dir, '.netloop', 'forgotten.jsonl'), 'utf8');
  expect(receipts.trim().split('\n')).toHaveLength(2);
  expect(receipts).not.toContain('192.0.2.10');

  const [first] = (await home.json('models', 'list', 'flow')) as { version: number }[];
  const again = await home.json('forget', '--version', 'flow@1', '--retrain');
  expect(again.erased.ledger).toBeGreaterThan(0);
  expect(again.erased.golden).toEqual({ flow: 0, behaviour: 0 });
  expect(again.lasting.flow).not.toContain(1);
  expect(again.lasting.flow.length).toBeGreaterThan(0);
  expect(again.retrained.flow.from).toBe(first!.version);
  expect(again.retrained.flow.versions.length).toBeGreaterThan(0);
  const versions = (await home.json('models', 'list', 'flow')) as { version: number; note: string; goldenHash: string }[];
  const anew = versions.find(({ version }) => version === again.retrained.flow.versions[0])!;
  expect(anew.goldenHash).toBe(after.goldenHash);
  expect(anew.note).toMatch(/golden set \w{12} after erasure, was \w{12}/);
});

test('label: a live site without known truth gets its first champion from what a person said', async () => {
  const home = createHome();
  const { writeZeekJson } = await import('../traffic/zeek-json.js');
  writeZeekJson(home.data, { flows: 1400, seed: 5, labels: false });
  const { ports, loop, watch, leave } = await serve(home);
  await watch();
  const history = await loop.history({ limit: 50, all: true });
  expect(history.length).toBeGreaterThan(1);
  for (const cycle of history) expect(cycle.reason).toMatch(/^no trusted rows|source ended/);
  expect(await ports.registry.current('flow')).toBeNull();

  const { alerts } = await ports.alerts.query({ source: 'DFA', limit: 1000 });
  expect(alerts.length).toBeGreaterThan(0);
  const [one, ...others] = alerts;
  expect((await home.netloop('label', one!.id, 'attack', '--why', 'seen in the log')).code).toBe(0);
  const said = await home.netloop('label', '--user', '192.0.2.11', 'benign', '--why', 'an office machine', '--by', 'eve');
  expect(said.stdout).toContain('benign, an office machine (eve)');
  const { key } = ports.ledger!;
  const word = (label: 0 | 1) => ({ label, why: 'the same', by: 'eve', at: 1 });
  for (const alert of others) await ports.feedback!.put(alertFeedback(key, alert, word(1)));
  for (const user of [12, 14, 15, 17, 18]) {
    await ports.feedback!.put(userFeedback(key, `192.0.2.${user}`, { since: 0, until: Number.MAX_SAFE_INTEGER }, word(0)));
  }
  expect(await home.netloop('label', 'no-such', 'benign', '--why', 'x')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no alert no-such/),
  });
  expect(await home.netloop('label', alerts[0]!.id, 'maybe', '--why', 'x')).toMatchObject({ code: 2 });

  await watch(); // the same habits again, now with words on them
  const [first] = await ports.registry.list('flow');
  expect(first).toMatchObject({ version: 1, parent: null });
  expect(await ports.registry.current('flow')).not.toBeNull();
  const trained = (await loop.history({ limit: 50 })).find(({ learner, version }) => learner === 'flow' && version === 1);
  expect(trained!.state).toBe('deployed');
  await leave();
});
