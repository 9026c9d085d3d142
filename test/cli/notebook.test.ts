import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseParameters } from '../../src/cli/notebook.js';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'netloop-cli-notebook-'));
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'a.ipynb');
const code = (source: string, tags: readonly string[] = []) => ({
  cell_type: 'code',
  metadata: { tags },
  source,
  outputs: [],
  execution_count: null,
});
const cells = [code('let n = 1;', ['parameters']), code("if (n > 1) throw new Error('n is ' + n);\nconsole.log('fine');")];
writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));

const netloop = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'dist', 'cli', 'netloop.js'), 'notebook', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NETLOOP_HOME: folder },
  });

test('parameters are YAML: numbers are numbers, lists are lists', () => {
  expect(parseParameters(['seconds=300', 'seeds=[1, 2]', 'capture=../a=b.pcap', 'over={labels: {benignBelow: 0.1}}'])).toEqual({
    seconds: 300,
    seeds: [1, 2],
    capture: '../a=b.pcap',
    over: { labels: { benignBelow: 0.1 } },
  });
  expect(() => parseParameters(['seconds'])).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
});

test('exit code 0 with outputs written, 1 with cell and message, 2 for a wrong parameter', () => {
  const good = netloop('run', file, '--out', join(folder, 'out.ipynb'), '--html', join(folder, 'out.html'));
  expect(good.stderr).toBe('cell 1 of 2\ncell 2 of 2\n');
  expect(good.status).toBe(0);
  expect(readFileSync(join(folder, 'out.html'), 'utf8')).toContain('<pre>fine\n</pre>');

  const checked = netloop('clear', '--check', join(folder, 'out.ipynb'));
  expect([checked.status, checked.stderr]).toEqual([1, expect.stringContaining('cell 1 holds outputs')]);
  expect(netloop('clear', join(folder, 'out.ipynb')).status).toBe(0);
  expect(netloop('clear', '--check', join(folder, 'out.ipynb')).status).toBe(0);

  const bad = netloop('run', file, '--param', 'n=2', '--json');
  expect(bad.status).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, failed: { cell: 2, message: 'Error: n is 2' }, run_id: null });

  const wrong = netloop('run', file, '--param', 'm=2');
  expect([wrong.status, wrong.stderr.split('\n')[0]]).toEqual([2, "NL_OPTION invalid parameter 'm': expected one of n"]);
});

test('render writes a page with outputs for each notebook, and an index', () => {
  const pages = netloop('render', file, '--out', join(folder, 'pages'));
  expect([pages.status, pages.stdout]).toEqual([0, `${join(folder, 'pages', 'index.html')}\n`]);
  expect(readFileSync(join(folder, 'pages', 'a.html'), 'utf8')).toContain('<pre>fine\n</pre>');
  expect(readFileSync(join(folder, 'pages', 'index.html'), 'utf8')).toContain('<a href="a.html">Notebook</a>');
});
