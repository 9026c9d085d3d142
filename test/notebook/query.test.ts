import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { query } from '../../src/notebook/query.js';

const folder = mkdtempSync(join(tmpdir(), "netloop-query-it's-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'flows.csv');
writeFileSync(file, 'service,orig_bytes\nhttp,100\ndns,40\nhttp,50\n');

test('SQL over a file gives rows whose counts are numbers', async () => {
  const sql = 'select service, count(*) flows, sum(orig_bytes) orig_bytes, avg(orig_bytes) mean from day group by all order by flows desc';
  expect(await query(sql, { day: file })).toEqual([
    { service: 'http', flows: 2, orig_bytes: 150, mean: 75 },
    { service: 'dns', flows: 1, orig_bytes: 40, mean: 40 },
  ]);
});

test('what DuckDB writes it reads: Parquet, also beside another file', async () => {
  const parquet = join(folder, 'flows.parquet');
  await query(`copy (select * from day) to '${parquet.replaceAll("'", "''")}' (format parquet)`, { day: file });
  const sql = 'select count(*) pairs from a join b using (service) where a.service = ?'.replace('?', "'http'");
  expect(await query(sql, { a: file, b: parquet })).toEqual([{ pairs: 4 }]);
});

test('a wrong query, a wrong name and an absent file are coded errors', async () => {
  await expect(query('select nothing from day', { day: file })).rejects.toMatchObject({ code: 'NL_OPTION', message: /nothing/ });
  await expect(query('select 1', { 'a b': file })).rejects.toMatchObject({ code: 'NL_OPTION' });
  await expect(query('select 1', { day: join(folder, 'no.parquet') })).rejects.toMatchObject({ code: 'NL_FILE_MISSING' });
  await expect(query("select * from 'https://192.0.2.1/x.parquet'", { day: file })).rejects.toMatchObject({ code: 'NL_OPTION' });
});
