// A live cycle, kept and run again to the bit by the command line, in another process than the service that watched it.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { program } from '../cli/home.js';
import { small, startSite } from './site.js';

const exec = promisify(execFile);
const netloop = (dir: string, ...args: string[]) =>
  exec(process.execPath, [program, ...args], { env: { ...process.env, NETLOOP_HOME: dir }, cwd: dir }).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

/** A home in which a sniffer has watched live traffic through cycles of both learners. */
async function watched(keep: unknown): Promise<{ dir: string; run: string; windows: string }> {
  const { dir, loop, ports, until } = await startSite({ config: { ...small, keep } });
  await loop.start({ capture: 'captures/conn.log', speed: 1000 });
  await until(() => loop.sniffer().state === 'stopped');
  const [{ id: run }] = (await ports.tracking.runs({ experiment: 'service', parent: null })) as [{ id: string }];
  return { dir, run, windows: join(dir, '.netloop', 'windows', run) };
}

test('keep: true; a live run is run again to the bit, under pseudonyms or refused by name', async () => {
  const { dir, run, windows } = await watched(true);
  const files = readdirSync(windows);
  expect(files).toContain('flow-1.jsonl.gz');
  expect(files).toContain('behaviour-2.jsonl.gz');
  const text = gunzipSync(readFileSync(join(windows, 'flow-1.jsonl.gz'))).toString();
  expect(text).not.toMatch(/192\.0\.2\.1\d\b/); // the recording's users
  const again = await netloop(dir, 'rerun', run, '--verify', '--json');
  expect(again).toMatchObject({ code: 0 });
  const verdict = JSON.parse(again.stdout);
  expect(verdict).toMatchObject({ verdict: 'bit-exact', first: null });
  expect(verdict.cycles).toBeGreaterThanOrEqual(4);

  const bent = text.replace('"orig_pkts":6', '"orig_pkts":7');
  writeFileSync(join(windows, 'flow-1.jsonl.gz'), gzipSync(bent));
  const refused = await netloop(dir, 'rerun', run);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^NL_FILE_CORRUPT .*hash differs/);
});

test('without kept windows a live run says that it cannot be run again', async () => {
  const { dir, run, windows } = await watched('ledger');
  expect(existsSync(windows)).toBe(false);
  const refused = await netloop(dir, 'rerun', run);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^NL_NOT_KEPT run .* was live, and what flow cycle 1 saw was not kept .*keep: window/);
});
