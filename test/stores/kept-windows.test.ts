import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createKeptWindows } from '../../src/stores/kept-windows.js';
import { windowOf, windowsContract } from '../contracts/windows.js';
import { testFolder } from './folder.js';

windowsContract('the windows in a folder', () => createKeptWindows(join(testFolder(), 'windows')));

/** A store that keeps one window, and its file. */
async function kept() {
  const dir = join(testFolder(), 'windows');
  const store = createKeptWindows(dir);
  await store.keep('r1', await windowOf());
  return { dir, store, file: join(dir, 'r1', 'flow-1.jsonl.gz') };
}

test('a second reader finds the windows, and an erasure by one is seen by the other', async () => {
  const { dir, store } = await kept();
  const other = createKeptWindows(dir);
  expect(await other.read('r1', 'flow', 1)).toEqual(await store.read('r1', 'flow', 1));
  expect(await other.forget({ until: Number.MAX_SAFE_INTEGER })).toEqual({ rows: 600, windows: 1 });
  expect(await store.read('r1', 'flow', 1)).toBeNull();
  expect(readdirSync(dir)).toEqual([]); // nor does an empty folder stay
});

test('what was erased is in no file', async () => {
  const { dir, store, file } = await kept();
  const { user } = (await windowOf()).steps[0]!;
  expect(gunzipSync(readFileSync(file)).toString()).toContain(user);
  await store.forget({ user });
  expect(readdirSync(join(dir, 'r1'))).toEqual(['flow-1.jsonl.gz']); // no draft either
  expect(gunzipSync(readFileSync(file)).toString()).not.toContain(user);
});

const textOf = (whole: Buffer): string => gunzipSync(whole).toString();
const withoutTail = (text: string): string => text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);

test.each([
  ['cut off', (whole: Buffer) => whole.subarray(0, whole.length / 2), /does not unpack/],
  ['not packed', (whole: Buffer) => gunzipSync(whole), /does not unpack/],
  ['one number other', (whole: Buffer) => gzipSync(textOf(whole).replace('"orig_pkts":6', '"orig_pkts":7')), /its hash differs/],
  ['without its last line', (whole: Buffer) => gzipSync(withoutTail(textOf(whole))), /its last line is none/],
  ['with rubbish for a last line', (whole: Buffer) => gzipSync(`${withoutTail(textOf(whole))}x\n`), /its last line is none/],
  ['empty', () => Buffer.alloc(0), /does not unpack|its last line is none/],
] as const)('a damaged window (%s) is told with its file, and is not erased unseen', async (_, damage, message) => {
  const { store, file } = await kept();
  writeFileSync(file, damage(readFileSync(file)));
  const told = { code: 'NL_FILE_CORRUPT', message: expect.stringMatching(message), where: { file } };
  await expect(store.read('r1', 'flow', 1)).rejects.toMatchObject(told);
  await expect(store.forget({ user: 'x' })).rejects.toMatchObject(told);
  expect(existsSync(file)).toBe(true);
});

test('a window of another format is refused by name; a full disk is told and leaves no draft', async () => {
  const { store, file, dir } = await kept();
  const body = `${JSON.stringify({ format: 'netloop-window-9' })}\n`;
  const tail = JSON.stringify({ flows: 0, sha256: createHash('sha256').update(body).digest('hex') });
  writeFileSync(file, gzipSync(`${body}${tail}\n`));
  await expect(store.read('r1', 'flow', 1)).rejects.toMatchObject({
    code: 'NL_STORE_LAYOUT',
    message: expect.stringMatching(/netloop-window-9, this netloop reads netloop-window-1/),
  });
  symlinkSync('/dev/full', join(dir, `r1/flow-2.jsonl.gz.${process.pid}.next`));
  await expect(store.keep('r1', await windowOf(2))).rejects.toMatchObject({ code: 'NL_STORE_WRITE' });
  expect(readdirSync(join(dir, 'r1'))).toEqual(['flow-1.jsonl.gz']);
});
