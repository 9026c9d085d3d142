import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CYCLE_STATES } from '../../src/journal.js';
import { createRandom } from '../../src/random.js';
import { createAlertStore } from '../../src/stores/alerts-sqlite.js';
import { createJournal } from '../../src/stores/journal-sqlite.js';
import { createFileRegistry } from '../../src/stores/registry-files.js';
import { createSpooledTracking } from '../../src/stores/spool.js';
import { openSqlite } from '../../src/stores/sqlite.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { storedAlert } from '../contracts/alert-store.js';
import { cycle } from '../contracts/journal.js';
import { draftVersion } from '../contracts/version.js';
import { testFolder } from './folder.js';

const child = join(import.meta.dirname, 'kill-child.mjs');
const random = createRandom(3);

/** Lets a child work on the folder for a while after its first word, kills it with SIGKILL, and gives what it had acknowledged. */
async function killed<T>(kind: string, dir: string, round: string, payload: unknown): Promise<T[]> {
  const worker = spawn(process.execPath, [child, kind, dir, round, JSON.stringify(payload)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  worker.stdout.on('data', (bytes) => {
    said += String(bytes);
  });
  worker.stderr.on('data', (bytes) => {
    complained += String(bytes);
  });
  const gone = once(worker, 'close');
  await Promise.race([once(worker.stdout, 'data'), gone]);
  await sleep(random.below(60));
  worker.kill('SIGKILL');
  const [, signal] = await gone;
  expect(complained).toBe('');
  expect(signal).toBe('SIGKILL');
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}

describe('killed with SIGKILL at any moment', () => {
  it('a registry stays loadable: every acknowledged version is whole, the champion serves, the trail has no gap', async () => {
    const dir = testFolder();
    const draft = draftVersion('flow', 1);
    const payload = { ...draft, model: { ...draft.model, weights: [...draft.model.weights] } };
    const warnings: Error[] = [];
    const registry = createFileRegistry({ dir, onWarning: (warning) => warnings.push(warning) });
    let put = 0;
    for (let round = 0; round < 6; round++) {
      // Two at once: neither may disturb the other.
      const acks = (
        await Promise.all(
          ['a', 'b'].map((name) =>
            killed<{ put?: number; promoted?: number; rolledBack?: number }>('registry', dir, `${round}${name}`, payload),
          ),
        )
      ).flat();
      const versions = acks.flatMap((ack) => ack.put ?? []);
      expect(new Set(versions).size).toBe(versions.length);
      put += versions.length;
      const listed = new Set((await registry.list('flow')).map(({ version }) => version));
      expect(versions.filter((version) => !listed.has(version))).toEqual([]);
      expect(warnings).toEqual([]);
      const trail = await registry.promotions('flow');
      for (let i = 1; i < trail.length; i++) expect(trail[i]!.from).toBe(trail[i - 1]!.to);
      const live = await registry.current('flow');
      expect(live!.version).toBe(trail.at(-1)!.to);
      const told = new Set(trail.map(({ to }) => to));
      for (const { promoted, rolledBack } of acks) expect(told.has(promoted ?? rolledBack ?? live!.version)).toBe(true);
    }
    expect(put).toBeGreaterThan(10);
    await registry.put(draft);
    await registry.promote('flow', 1, 'after all');
    expect(readdirSync(join(dir, 'flow')).filter((name) => name.startsWith('.put-'))).toEqual([]);
    const lines = readFileSync(join(dir, 'flow/promotions.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(lines.map((_, i) => i + 1));
  });

  it('an alert store has every acknowledged alert, and each batch whole or not at all', async () => {
    const dir = testFolder();
    const rounds = ['r0', 'r1', 'r2', 'r3'];
    for (const round of rounds) {
      const acks = await killed<{ alerts: number }>('alerts', dir, round, storedAlert(3));
      const store = createAlertStore(join(dir, 'alerts.db'));
      const { alerts } = await store.query({ limit: 1_000_000 });
      store.close();
      const mine = alerts.filter(({ id }) => id.startsWith(`${round}-`)).map(({ id }) => Number(id.split('-')[1]));
      const acknowledged = acks.at(-1)?.alerts ?? 0;
      expect(acknowledged).toBeGreaterThan(0);
      expect(mine).toEqual(Array.from({ length: mine.length }, (_, i) => i));
      expect(mine.length).toBeGreaterThanOrEqual(acknowledged);
      expect(mine.length % 7).toBe(0);
    }
  });

  it('a journal shows the state that was acknowledged last, or the one after it', async () => {
    const dir = testFolder();
    for (let round = 0; round < 4; round++) {
      const acks = await killed<{ id: string; state: (typeof CYCLE_STATES)[number] }>('journal', dir, String(round), cycle(1));
      const journal = createJournal(join(dir, 'state.db'));
      const last = acks.at(-1)!;
      const entries = await journal.history({ limit: 100_000 });
      const found = entries.find(({ id }) => id === last.id)!;
      const walk = CYCLE_STATES.filter((state) => !['rolled-back', 'skipped', 'failed'].includes(state));
      expect([walk.indexOf(last.state), walk.indexOf(last.state) + 1]).toContain(walk.indexOf(found.state));
      for (const { id } of acks.filter(({ state }) => state === 'cleaned'))
        expect(entries.find((entry) => entry.id === id)!.outcome).toBe('deployed');
      // What a restarted process does: it sees what was under way, and says that it failed.
      for (const { id, state } of await journal.unfinished()) {
        if (!['deployed', 'failed'].includes(state)) await journal.advance(id, 'failed', { reason: 'the process was killed' });
        await journal.advance(id, 'cleaned', {});
      }
      expect(await journal.unfinished()).toEqual([]);
      journal.close();
    }
  });

  it('a spool hands every acknowledged metric to the next process, once, though the store was locked on and off', async () => {
    const dir = testFolder();
    createEmbeddedTracking(join(dir, 'tracking')).close();
    const other = openSqlite(join(dir, 'tracking/mlflow.db'), { wait: 10_000 });
    let going = true;
    const outages = (async () => {
      while (going) {
        other.exec('BEGIN IMMEDIATE');
        await sleep(70);
        other.exec('COMMIT');
        await sleep(10);
      }
    })();
    const steps = new Map<string, number>();
    let spooled = 0;
    for (let round = 0; round < 6; round++) {
      for (const { run, step } of await killed<{ run: string; step?: number }>('spool', dir, String(round), null))
        steps.set(run, step ?? -1);
      if (existsSync(join(dir, 'spool'))) spooled += readdirSync(join(dir, 'spool')).filter((name) => name.endsWith('.jsonl')).length;
    }
    going = false;
    await outages;
    other.close();
    expect(spooled).toBeGreaterThan(0);
    const inner = createEmbeddedTracking(join(dir, 'tracking'));
    const tracking = createSpooledTracking(inner, join(dir, 'spool'));
    expect(await tracking.drain()).toBe(true);
    expect(steps.size).toBe(6);
    for (const [run, last] of steps) {
      const points = await inner.history(run, 'loss');
      // One more may be there: stored, and killed before it was acknowledged.
      expect(points.map(({ step }) => step)).toEqual(Array.from({ length: points.length }, (_, i) => i));
      expect([last + 1, last + 2]).toContain(points.length);
    }
    expect(readdirSync(join(dir, 'spool')).filter((name) => name !== 'rejected.jsonl')).toEqual([]);
    expect(existsSync(join(dir, 'spool/rejected.jsonl'))).toBe(false);
    await tracking.close();
    inner.close();
  });
});
