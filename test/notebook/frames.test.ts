import { createRequire } from 'node:module';
import type * as apache from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { toArquero, toArrow, toDanfo } from '../../src/notebook/frames.js';

// As a cell loads it.
const { tableFromIPC, tableToIPC } = createRequire(import.meta.url)('apache-arrow') as typeof apache;

const rows = [
  { user: 'a', flows: 3, share: 0.5, attack: true },
  { user: 'b', flows: 1, share: null, attack: false },
  { user: 'a', flows: 4, share: 0.25, attack: true, note: 'late' },
];

describe('frames of rows', () => {
  test('arquero groups them', () => {
    const table = toArquero(rows)
      .groupby('user')
      .rollup({ flows: 'd => op.sum(d.flows)' as never });
    expect(table.objects()).toEqual([
      { user: 'a', flows: 7 },
      { user: 'b', flows: 1 },
    ]);
  });

  test('Arrow keeps values, kinds and gaps through its file form', () => {
    const back = tableFromIPC(tableToIPC(toArrow(rows)));
    expect(back.schema.fields.map((f) => `${f.name} ${f.type}`)).toEqual([
      'user Utf8',
      'flows Float64',
      'share Float64',
      'attack Bool',
      'note Utf8',
    ]);
    expect(back.toArray().map((row) => row?.toJSON())).toEqual(rows.map((row) => ({ note: null, ...row })));
  });

  test('Arrow keeps text of every length and script', () => {
    const texts = ['', 'é', null, '日本', '\u{1f600}', 'a'.repeat(1000)].map((text, i) => ({ text, even: i % 2 === 0 ? true : null }));
    const back = tableFromIPC(tableToIPC(toArrow(texts)));
    expect(back.toArray().map((row) => row?.toJSON())).toEqual(texts);
    expect(back.getChild('text')!.nullCount).toBe(1);
  });

  test('danfo scales them, and refuses more rows than it can bear', () => {
    const frame = toDanfo(rows.map(({ user, flows }) => ({ user, flows })));
    expect(frame.shape).toEqual([3, 2]);
    expect((frame.column('flows') as unknown as { mean(): number }).mean()).toBeCloseTo(8 / 3, 12);
    expect(() => toDanfo(rows, 2)).toThrow(/expected at most 2, got 3/);
    expect(() => toDanfo(rows, 2)).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  });

  test('no rows is a coded error', () => {
    for (const make of [toArquero, toArrow, toDanfo]) expect(() => make([])).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  });
});
