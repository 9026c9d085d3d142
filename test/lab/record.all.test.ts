import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCapture } from '../../src/lab/capture.js';
import { type LabProgress, type LabReport, labRequirements, recordLab } from '../../src/lab/record.js';
import { planDay } from '../../src/lab/schedule.js';
import { keptLength } from '../../src/lab/strip.js';
import { openBytes } from '../../src/sources/compressed.js';
import { openTruth, parseTruth } from '../../src/sources/flow-truth.js';

const { missing } = labRequirements();
if (missing.length > 0) console.warn(`lab recording not tested: missing ${missing.join('; ')}`);
const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('netloop-lab-'));
const interfaces = () => execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' });

test.runIf(process.env.CI)('CI can record', () => expect(missing).toEqual([]));

describe.skipIf(missing.length > 0)('a small recording', () => {
  let out = '';
  let before: { left: string[]; interfaces: string };
  const progress: LabProgress[] = [];
  let report: LabReport;

  beforeAll(async () => {
    before = { left: left(), interfaces: interfaces() };
    out = mkdtempSync(join(tmpdir(), 'netloop-record-'));
    report = await recordLab({ day: 'day2', seconds: 30, seed: 5, out, shiftSeconds: 3600, onProgress: (p) => progress.push(p) });
  }, 150_000);
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  test('holds real packets in order, none dropped, checksums right', async () => {
    const frames = await loadCapture(join(out, 'capture.pcap.xz'));
    expect(frames.length).toBe(report.packets);
    expect(report.packets).toBeGreaterThan(1000);
    expect(report.dropped).toBe(0);
    expect(report.checked).toBeGreaterThan(500);
    expect(report.badChecksums).toBe(0);
    expect(frames[0]!.ts).toBe(report.first_us);
    expect((report.last_us - report.first_us) / 1e6).toBeGreaterThan(28);
    expect(report.bytes).toBe(statSync(join(out, 'capture.pcap.xz')).size);
    // Shifted by the hour asked for.
    expect(Math.abs(report.last_us / 1e6 - 3600 - Date.now() / 1000)).toBeLessThan(120);
  });

  test('holds no payload', async () => {
    const frames = await loadCapture(join(out, 'capture.pcap.xz'));
    expect(frames.filter(({ bytes }) => keptLength(bytes) !== bytes.length)).toEqual([]);
    // Something was there to be cut, or the test would prove nothing.
    expect(frames.filter(({ bytes, wire }) => wire > bytes.length).length).toBeGreaterThan(300);
  });

  test('knows every packet of every attack, and its flows', async () => {
    expect(report.sent).toBeGreaterThan(100);
    expect(report.matched).toBe(report.sent);
    for (const attack of report.attacks) expect(attack.sent, attack.kind).toBeGreaterThan(0);
    expect((await openTruth(join(out, 'truth.tsv.xz'))).rows).toBe(report.attacks.reduce((sum, a) => sum + a.flows, 0));
    let text = '';
    for await (const chunk of (await openBytes(join(out, 'truth.tsv.xz'))).chunks) text += new TextDecoder().decode(chunk);
    for (const row of parseTruth(text)) {
      expect(row.first_us).toBeGreaterThanOrEqual(report.first_us);
      expect(row.last_us).toBeLessThanOrEqual(report.last_us);
      expect(row.attack).toBe(report.attacks[row.event]!.kind);
    }
  });

  test('spoofed ARP is told in the events, as it has no flows', () => {
    const events = readFileSync(join(out, 'events.tsv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    const sent = events[0]!.indexOf('sent');
    const spoof = events.find((cells) => cells[1] === 'arp-spoof')!;
    expect(Number(spoof[sent])).toBeGreaterThanOrEqual(4);
  });

  test('addresses are those of the world and of its neighbourhood only', async () => {
    for (const { bytes } of await loadCapture(join(out, 'capture.pcap.xz'))) {
      if (bytes[12] !== 8 || bytes[13] !== 0) continue;
      for (const at of [26, 30]) expect(['10.77.0', '198.51.100', '224.0.0']).toContain([...bytes.subarray(at, at + 3)].join('.'));
    }
  });

  test('tells how far it is, and leaves nothing behind', () => {
    expect(new Set(progress.map((p) => p.stage))).toEqual(new Set(['preparing', 'recording', 'finishing']));
    expect(left()).toEqual(before.left);
    expect(interfaces()).toBe(before.interfaces);
  });
});

describe.skipIf(missing.length > 0)('a recording that is not to be', () => {
  test('is cancelled at once, with nothing left', async () => {
    const before = left();
    const out = mkdtempSync(join(tmpdir(), 'netloop-record-'));
    const cancel = new AbortController();
    const started = recordLab({
      day: 'day1',
      seconds: 60,
      out,
      signal: cancel.signal,
      onProgress: (p) => p.stage === 'recording' && cancel.abort(),
    });
    await expect(started).rejects.toMatchObject({ code: 'NL_CANCELLED' });
    expect(readdirSync(out)).toEqual([]);
    expect(left()).toEqual(before);
    rmSync(out, { recursive: true });
  });

  test('the program of the world refuses any other world before it touches anything', () => {
    const dir = mkdtempSync(join(tmpdir(), 'netloop-record-'));
    writeFileSync(join(dir, 'plan.json'), JSON.stringify(planDay('day1', 30, 1)));
    const inside = join(import.meta.dirname, '../../dist/lab/inside.js');
    const other = ['-m', '-n', 'sh', '-c', 'ip link add d0 type bridge && exec "$@"', 'sh'];
    const { stdout, status } = spawnSync('unshare', [...other, process.execPath, inside, dir], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).toContain('not a world of its own: it has the interfaces d0');
    expect(readdirSync(dir)).toEqual(['plan.json']);
    rmSync(dir, { recursive: true });
  });

  test('refuses what it does not know', async () => {
    await expect(recordLab({ day: 'day9' as 'day1', out: tmpdir() })).rejects.toMatchObject({ code: 'NL_OPTION' });
    await expect(recordLab({ day: 'day1', seconds: 1, out: tmpdir() })).rejects.toMatchObject({ code: 'NL_OPTION' });
  });
});
