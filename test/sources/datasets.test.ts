import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { catalogue } from '../../src/sources/catalogue.js';
import { importDataset, listDatasets, verifyDatasets } from '../../src/sources/datasets.js';
import { data, describeOnData, temporary } from './read-all.js';

const put = temporary();
let state = '';
const made: string[] = [];
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'netloop-datasets-'));
  made.push(state);
});
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});
const row = `0,tcp,http,SF,${'0,'.repeat(37)}normal,20\n`;

it('lists every set with its origin, terms and form', () => {
  expect(listDatasets(state).map(({ name }) => name)).toEqual(['lab', 'nsl-kdd', 'kdd99', 'ctu13', 'ctu50', 'iot23', 'unsw-nb15']);
  for (const entry of catalogue) {
    expect(entry.from === 'shipped' || entry.from.startsWith('https://')).toBe(true);
    expect(entry.files.every(({ sha256 }) => /^[\da-f]{64}$/.test(sha256))).toBe(true);
    for (const text of [entry.terms, entry.cite, entry.form, entry.caution]) expect(text.length).toBeGreaterThan(5);
  }
});

it('imports a copy, lists it, and sees when it changes or goes', async () => {
  const content = gzipSync(row);
  const { path, sha256, known } = await importDataset('nsl-kdd', put('mine.txt.gz', content), state);
  expect(sha256).toBe(createHash('sha256').update(content).digest('hex'));
  expect([known, readFileSync(path).equals(content)]).toEqual([false, true]);
  expect(listDatasets(state).find(({ name }) => name === 'nsl-kdd')?.imported).toEqual([path]);
  expect(await verifyDatasets(state)).toEqual([{ dataset: 'nsl-kdd', path, state: 'ok' }]);
  appendFileSync(path, 'x');
  expect(await verifyDatasets(state, 'nsl-kdd')).toEqual([{ dataset: 'nsl-kdd', path, state: 'changed' }]);
  rmSync(path);
  expect(await verifyDatasets(state)).toEqual([{ dataset: 'nsl-kdd', path, state: 'missing' }]);
});

it('refuses a known name with another content and leaves nothing behind', async () => {
  await expect(importDataset('nsl-kdd', put('KDDTrain+.txt', row), state)).rejects.toMatchObject({
    code: 'NL_DATASET',
    message: expect.stringContaining('unb.ca'),
  });
  expect(existsSync(join(state, 'datasets'))).toBe(false);
});

it('refuses an unknown set, an absent file, a file of no kind, and a second content under one name', async () => {
  await expect(importDataset('nosuch', put('a.txt', row), state)).rejects.toMatchObject({
    code: 'NL_DATASET',
    message: expect.stringContaining('ctu13'),
  });
  await expect(importDataset('nsl-kdd', 'absent.txt', state)).rejects.toMatchObject({ code: 'NL_FILE_MISSING' });
  await expect(importDataset('nsl-kdd', put('b.txt', 'hello'), state)).rejects.toMatchObject({ code: 'NL_FILE_FORMAT' });
  await importDataset('nsl-kdd', put('c.txt', row), state);
  await importDataset('nsl-kdd', put('c.txt', row), state);
  await expect(importDataset('nsl-kdd', put('c.txt', row + row), state)).rejects.toMatchObject({ code: 'NL_DATASET' });
  expect(readdirSync(join(state, 'datasets', 'nsl-kdd')).sort()).toEqual(['SHA256SUMS', 'c.txt']);
});

it('says so when the home cannot be written', async () => {
  const file = put('not-a-folder', 'x');
  await expect(importDataset('nsl-kdd', put('d.txt', row), file)).rejects.toMatchObject({ code: 'NL_STORE_WRITE' });
});

describeOnData('the catalogue knows the public files', () => {
  it.each([
    ['ctu50', 'ctu50/008-conn.log.labeled'],
    ['iot23', 'iot23/34-1-conn.log.labeled'],
    ['nsl-kdd', 'nsl-kdd/KDDTrain+.txt.xz'],
    ['ctu13', 'ctu13-s6/ctu13_s6_dev_1001-1120.binetflow.xz'],
    ['unsw-nb15', 'unsw-nb15-sub/unsw_first3500_labelled.csv'],
  ])('%s', async (name, file) => expect((await importDataset(name, data(file), state)).known).toBe(true));
});
