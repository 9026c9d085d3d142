import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCapture, pcapOf } from '../traffic/capture.js';
import { createTestHome, program, type TestHome } from './home.js';

let home: TestHome;
beforeAll(() => {
  home = createTestHome();
});
afterAll(() => home.remove());

test('options that do not go together are refused before anything is read', async () => {
  const uses: readonly [readonly string[], RegExp][] = [
    [['flows', '--interface', 'nosuch0'], /^NL_OPTION invalid interface: expected one of .*any, got nosuch0/],
    [['flows', 'live:nosuch0', 'x.pcap'], /an interface is read alone/],
    [['detect', 'x.pcap', '--interface', 'lo'], /an interface is read alone/],
    [['flows', 'x.pcap', '--filter', 'tcp'], /^NL_OPTION invalid --filter/],
    [['flows', 'x.pcap', '--seconds', '3'], /^NL_OPTION invalid --seconds/],
    [['flows', '-', '--follow'], /^NL_OPTION invalid --follow/],
  ];
  const told = await Promise.all(uses.map(([args]) => home.netloop(...args)));
  for (const [i, [args, message]] of uses.entries()) {
    expect(told[i]!.stderr, args.join(' ')).toMatch(message);
    expect(told[i]!.code).not.toBe(0);
  }
});

test('--follow reads what is added, and Ctrl-C ends in order with every flow', async () => {
  const pcap = pcapOf(makeCapture({ sessions: 60 }));
  const whole = home.file('whole.pcap', pcap);
  const file = join(whole, '..', 'grows.pcap');
  writeFileSync(file, pcap.subarray(0, 5000));
  const child = spawn(process.execPath, [program, 'flows', file, '--follow'], { env: home.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let words = '';
  child.stdout.on('data', (piece) => (out += piece));
  child.stderr.on('data', (piece) => (words += piece));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  for (let i = 0; i < 200 && !words.includes('following'); i++) await sleep(50);
  appendFileSync(file, pcap.subarray(5000));
  await sleep(1500);
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  const { stdout } = await home.netloop('flows', whole);
  const sorted = (lines: string): string[] => lines.trim().split('\n').sort();
  expect(sorted(out).map((line) => JSON.parse(line).orig_p)).toEqual(sorted(stdout).map((line) => JSON.parse(line).orig_p));
  expect(words).toMatch(/^following .*grows\.pcap; Ctrl-C ends it$/m);
});
