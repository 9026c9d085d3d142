import { expect, test } from 'vitest';
import { createMemoryAlertStore, type StoredAlert } from '../src/alert.js';
import { createMemoryJournal } from '../src/journal.js';
import { createAlertReader } from '../src/others.js';
import { resolveSpec } from '../src/spec.js';
import { storedAlert } from './contracts/alert-store.js';

const policy = resolveSpec({ source: { files: ['-'] } }).labels;

/** Alert number n of a deployment, with a row to learn from. */
const alertOf = (deployment: string, n: number): StoredAlert => ({ ...storedAlert(3 * n), score: 0.99, deployment });
/** How many of each deployment were read, told apart by their capture times. */
const read = async (share: number, sent: readonly StoredAlert[]) => {
  const alerts = createMemoryAlertStore();
  await alerts.append(sent);
  const { samples, cursor } = await (await createAlertReader(alerts, createMemoryJournal(), { most: 400, share, policy })).read();
  const of = new Map(sent.map(({ ts, deployment }) => [ts, deployment]));
  const counts: Record<string, number> = {};
  for (const { since } of samples) counts[of.get(since)!] = (counts[of.get(since)!] ?? 0) + 1;
  expect(samples.map(({ since }) => since)).toEqual(samples.map(({ since }) => since).sort((a, b) => a - b));
  return { counts, cursor, oldest: samples[0]!.since };
};

test('a loud site fills its share of a window and no more: what others sent before it is read', async () => {
  const quiet = Array.from({ length: 200 }, (_, n) => alertOf(n % 2 === 0 ? 'a' : 'b', n));
  const loud = Array.from({ length: 5000 }, (_, n) => alertOf('loud', 200 + n));
  const sent = [...quiet, ...loud];
  expect(await read(0.25, sent)).toEqual({ counts: { a: 100, b: 100, loud: 100 }, cursor: sent.length, oldest: quiet[0]!.ts });
  expect((await read(0.1, sent)).counts).toEqual({ a: 40, b: 40, loud: 40 });
  expect((await read(1, sent)).counts).toEqual({ loud: 400 });
});
