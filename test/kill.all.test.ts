import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { CYCLE_STATES, type CycleState } from '../src/journal.js';
import { loadModel } from '../src/networks/load.js';
import { recoverCycles } from '../src/recover.js';
import { createAlertStore } from '../src/stores/alerts-sqlite.js';
import { findHome } from '../src/stores/home.js';
import { createJournal } from '../src/stores/journal-sqlite.js';
import { createFileRegistry } from '../src/stores/registry-files.js';
import { makeFlows } from './traffic/flows.js';

// A real process, killed by SIGKILL in each state of a cycle; then what it left is looked at from outside.
const child = join(import.meta.dirname, 'traffic', 'killed.mjs');
const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A Zeek log with truth, as JSON lines: what the child replays. */
function writeLog(file: string): void {
  const lines = makeFlows({ flows: 1500 }).map((f) =>
    JSON.stringify({
      ts: f.ts / 1e6,
      duration: f.duration / 1e6,
      uid: `C${f.ts}`,
      'id.orig_h': f.orig_h,
      'id.orig_p': f.orig_p,
      'id.resp_h': f.resp_h,
      'id.resp_p': f.resp_p,
      proto: f.proto,
      conn_state: f.conn_state,
      history: f.history,
      orig_pkts: f.orig_pkts,
      orig_bytes: f.orig_bytes,
      orig_ip_bytes: f.orig_ip_bytes,
      resp_pkts: f.resp_pkts,
      resp_bytes: f.resp_bytes,
      resp_ip_bytes: f.resp_ip_bytes,
      label: f.label === 1 ? 'Malicious' : 'Benign',
    }),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
}

interface Outcome {
  readonly signal: NodeJS.Signals | null;
  readonly stored: readonly string[];
  readonly home: string;
}

/** Runs the child until it kills itself in `state` of the flow learner's cycle `cycle`; collects the alert ids it said were stored. */
async function runUntil(state: CycleState, cycle: number): Promise<Outcome> {
  const home = mkdtempSync(join(tmpdir(), 'netloop-kill-'));
  dirs.push(home);
  const log = join(home, 'conn.log');
  writeLog(log);
  const process_ = spawn(process.execPath, [child, home, log, state, String(cycle)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  process_.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => process_.once('close', (_, s) => resolve(s)));
  return { signal, stored: out.split('\n').slice(0, -1), home };
}

describe('killed in any state', () => {
  const states = CYCLE_STATES.filter((s) => !['rolled-back', 'skipped', 'failed'].includes(s));
  test.each(states.flatMap((state) => [1, 2].map((cycle) => [state, cycle] as const)))('%s of cycle %i', async (state, cycle) => {
    const { signal, stored, home } = await runUntil(state, cycle);
    expect(signal).toBe('SIGKILL');
    const { models, journal: journalFile, alerts: alertsFile } = findHome(home, { NETLOOP_HOME: home });

    // No lost alert: every one that was said to be stored is there.
    const alerts = createAlertStore(alertsFile);
    const kept = new Set((await alerts.query({ limit: 100_000 })).alerts.map((a) => a.id));
    alerts.close();
    if (cycle > 1 && state !== 'collecting') expect(stored.length).toBeGreaterThan(0);
    expect(stored.filter((id) => !kept.has(id))).toEqual([]);

    // The champion is loadable, and there is one as soon as the first cycle had been decided.
    const registry = createFileRegistry({ dir: models });
    const journal = createJournal(journalFile);
    const found = await recoverCycles(journal, registry);
    const champion = await registry.current('flow');
    const decided = (cycle > 1 && state !== 'collecting') || ['deployed', 'cleaned'].includes(state);
    if (decided) expect(champion).not.toBeNull();
    if (champion) loadModel(champion.model).dispose();

    // The cycle resumed or says that it failed; nothing is left under way.
    expect(await journal.unfinished()).toEqual([]);
    const flow = found.filter((c) => c.learner === 'flow' && c.number === cycle);
    if (['collecting', 'labelling', 'building', 'backing-up', 'training'].includes(state)) {
      expect(flow.map((c) => c.outcome)).toEqual(['failed']);
      expect(flow[0]!.reason).toContain(`killed while ${state}`);
    }
    journal.close();
  });
});
