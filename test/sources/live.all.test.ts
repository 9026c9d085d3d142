import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

// Between namespaces made for each scenario and gone with it: no address outside them is reached.
const unshare = ['-m', '-n', '-p', '-f', '--kill-child', '--mount-proc'];
const able =
  spawnSync('unshare', [...unshare, 'true']).status === 0 &&
  ['hping3', 'nmap', 'ping', 'ip', 'tcpdump'].every((p) => spawnSync('which', [p]).status === 0);
const home = mkdtempSync(join(tmpdir(), 'netloop-wire-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const world = join(import.meta.dirname, 'live-world.mjs');

interface Told {
  readonly [key: string]: never;
}

function play(...argv: string[]): Told {
  const { stdout, stderr, status } = spawnSync('unshare', [...unshare, process.execPath, world, ...argv], {
    encoding: 'utf8',
    timeout: 50_000,
    killSignal: 'SIGKILL',
    env: { ...process.env, NETLOOP_HOME: home },
  });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Told;
}

test('the tools for namespaces are there', ({ skip }) => {
  if (!able && !process.env.CI) skip('needs root and the packages of test/debian.txt');
  expect(able).toBe(true);
});

const addon = (() => {
  try {
    return createRequire(import.meta.url)('pcap') !== null;
  } catch {
    return false;
  }
})();

describe.skipIf(!able)('a wire between two namespaces', () => {
  for (const through of ['addon', 'tcpdump'] as const) {
    describe.skipIf(through === 'addon' && !addon)(`through ${through}`, () => {
      test('a moderate rate passes without a drop, cut to headers, in order', () => {
        const told = play('rate', through, '40000', 'u100');
        console.log(`${through}: ${told.frames} frames in ${Number(told.seconds).toFixed(1)} s, ${told.cpu} s of the reader's CPU`);
        expect(told.frames).toBe(40_000);
        expect(told.longest).toBe(256);
        expect(told.stepsBack).toBe(0);
        expect(told.damage).toEqual([]);
        expect(told.left).toEqual([]);
      });

      test('a filter keeps out what it says; stopping leaves no process', () => {
        const told = play('filter', through);
        expect(told.lengths).toEqual(new Array(10).fill([256, 942]));
        expect(told.left).toEqual([]);
      });

      test('whoever breaks off or is killed leaves no process', () => {
        const told = play('leave', through);
        expect(told.afterBreak).toEqual([]);
        expect(told.during).toBeGreaterThan(0);
        expect(told.left).toEqual([]);
      });
    });
  }

  test.skipIf(!addon)('an interface that goes down, comes back and vanishes is told of, and what came before delivered', () => {
    const told = play('cable', 'addon');
    expect(told.first).toBeGreaterThanOrEqual(6);
    expect(told.down).toBe('down');
    expect(told.again).toBeGreaterThanOrEqual(6);
    expect(told.ticks).toBeGreaterThanOrEqual(2);
    expect(told.notices).toEqual(expect.arrayContaining(['near0 is down', 'near0 is up again', 'near0 has been silent for 2 s']));
    expect(told.error).toMatchObject({ code: 'NL_FILE_MISSING', message: expect.stringMatching(/near0 is gone/) });
    expect(told.noticed).toBeLessThan(3000);
    expect(told.damage).toEqual(expect.arrayContaining([expect.objectContaining({ kind: 'interface down', count: 2 })]));
    expect(told.left).toEqual([]);
  });

  test('a scan is an alert within five seconds, and Ctrl-C ends in order', () => {
    const told = play('scan');
    console.log(`alert ${Number(told.seconds).toFixed(2)} s after the scan began`);
    expect(told.seconds).toBeLessThan(5);
    expect(told.alert).toMatchObject({ rule: 'port-scan', orig_h: '192.0.2.2', resp_h: '192.0.2.1' });
    expect(told.code).toBe(0);
    expect(told.words).toMatch(/\d+ flows, \d+ alerts/);
    expect(told.left).toEqual([]);
  });
});
