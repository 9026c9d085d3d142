import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/flow.js';
import { bytes, clock, percent, plainNumber, seconds } from '../../src/notebook/format.js';
import { toArquero } from '../../src/notebook/frames.js';
import { progressHtml, progressText } from '../../src/notebook/progress.js';
import { tableBundle } from '../../src/notebook/show.js';

const flow = (change: Partial<Flow> = {}): Flow => ({
  ts: 1_767_603_612_345_000,
  duration: 1_250_000,
  proto: 'tcp',
  service: 'http',
  orig_h: '10.0.0.5',
  orig_p: 40_000,
  resp_h: 'fd00::1',
  resp_p: 80,
  conn_state: 'SF',
  history: 'ShADadFf',
  orig_pkts: 6,
  orig_bytes: 312,
  orig_ip_bytes: 640,
  resp_pkts: 1500,
  resp_bytes: 2_100_000,
  resp_ip_bytes: 2_160_000,
  vlan: null,
  tunnel: null,
  wrong_fragment: 0,
  urgent: 0,
  end: 'closed',
  label: 0,
  ...change,
});

describe('show', () => {
  test('a flow reads as one line with units', () => {
    expect(tableBundle([flow()])['text/plain'].split('\n')[2]).toBe(
      '2026-01-05 09:00:12.345  10.0.0.5:40000  [fd00::1]:80  tcp    http     SF     ShADadFf    1.25 s          6       312 B      1,500      2.1 MB  benign',
    );
  });

  test('says how many rows there are when it shows fewer', () => {
    const bundle = tableBundle(
      Array.from({ length: 12_345 }, () => flow()),
      { rows: 2 },
    );
    expect(bundle['text/plain'].split('\n')).toHaveLength(5);
    expect(bundle['text/plain']).toContain('2 of 12,345 rows');
    expect(String(bundle['text/html']).match(/<tr>/g)).toHaveLength(3);
  });

  test('numbers stand to the right, shares are percent, nothing is a dash', () => {
    const text = tableBundle([
      { rule: 'port-scan', alerts: 12_345, coverage: 0.985 },
      { rule: 'flood', alerts: 7, coverage: null },
    ])['text/plain'];
    expect(text).toBe(
      ['rule       alerts  coverage', '---------  ------  --------', 'port-scan  12,345    98.5 %', 'flood           7         –'].join(
        '\n',
      ),
    );
  });

  test('an arquero table keeps its columns and its order', () => {
    const table = toArquero([{ b: 2, a: 'x' }, { b: 1, a: 'y' }]).orderby('b'); // biome-ignore format: one row an object
    expect(tableBundle(table)['text/plain'].split('\n').slice(2)).toEqual(['1  y', '2  x']);
  });

  test('text from traffic cannot become markup', () => {
    const html = String(tableBundle([flow({ service: '<img src=x onerror=alert(1)>' })])['text/html']);
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img');
  });

  test('an unknown column is named, with those there are', () => {
    expect(() => tableBundle([{ a: 1 }], { columns: ['b'] })).toThrow(/there is no column 'b', expected some of a/);
    expect(() => tableBundle([{ a: 1 }], { rows: 0 })).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  });

  test('no rows, one value and one object are shown too', () => {
    expect(tableBundle([])['text/plain']).toContain('no rows');
    expect(tableBundle(42)['text/plain']).toContain('42');
    expect(tableBundle({ users: 3, tooFew: 1 })['text/plain']).toBe('users  tooFew\n-----  ------\n    3       1');
  });
});

test('units are those one would say', () => {
  expect([0, 3.5e-4, 0.25, 1.25, 600, 9000].map(seconds)).toEqual(['0 s', '350 µs', '250 ms', '1.25 s', '10 min', '2.5 h']);
  expect([12, 1536, 2.5e9].map(bytes)).toEqual(['12 B', '1.54 kB', '2.5 GB']);
  expect([1_234_567, -1234, 0.123456, 1e-7, 123_456.7].map(plainNumber)).toEqual(['1,234,567', '-1,234', '0.1235', '1.00e-7', '123,457']);
  expect([5, 65, 3725].map(clock)).toEqual(['0:05', '1:05', '1:02:05']);
  expect(percent(0.9536)).toBe('95.4 %');
});

describe('progress', () => {
  const state = { label: 'reading', done: 25_000_000, total: 100_000_000, unit: 'B', elapsed: 10, note: '', state: 'running' } as const;

  test('says share, amount, elapsed, remaining and rate', () => {
    expect(progressText(state)).toBe('reading: 25 % · 25 MB · elapsed 0:10 · remaining 0:30 · 2.5 MB/s');
    expect(progressText({ ...state, total: null })).toBe('reading: 25 MB · elapsed 0:10 · 2.5 MB/s');
    expect(progressText({ ...state, state: 'done' })).toBe('reading: done · 25 MB · elapsed 0:10 · 2.5 MB/s');
  });

  test('a bar never leaves its box', () => {
    expect(progressHtml({ ...state, done: 3e9 })).toContain('width:100.0%');
    expect(progressHtml({ ...state, label: '<b>' })).not.toContain('<b>');
  });
});
