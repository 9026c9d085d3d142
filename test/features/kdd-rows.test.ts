import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const file = join(process.env.NETLOOP_DATA ?? '../shared/data', 'nsl-kdd', 'KDDTrain+.txt.xz');
const absent = !existsSync(file) && !process.env.CI;
if (absent) console.log(`skipped: no ${file}`);

/** Places of KDD's columns in a row. */
const [COUNT, SRV, SAME, DIFF, HOSTS] = [22, 23, 28, 29, 30];
const [HOST, HOST_SRV, HOST_SAME, HOST_DIFF, PORT, HOST_HOSTS] = [31, 32, 33, 34, 35, 36];

/** Rates have two decimals: whether `rate` could be a whole number from `least` to `most`, divided by `of`. */
const fits = (rate: number, of: number, least: number, most: number): boolean => {
  const n = Math.round(rate * of);
  return Math.abs(n / of - rate) <= 0.0051 && n >= least && n <= most;
};

describe.skipIf(absent)('what the real KDD rows say of their windows', () => {
  const rows = absent
    ? []
    : execFileSync('xz', ['-dc', file], { encoding: 'utf8', maxBuffer: 1 << 28 })
        .trim()
        .split('\n')
        .map((line) => line.split(',').map(Number));
  const small = (of: number, same: number) => rows.filter((r) => r[of]! >= 3 && r[of]! <= 90 && r[same]! < 1);

  it('diff rates count different values, never the share of the others', () => {
    for (const [of, same, diff] of [
      [COUNT, SAME, DIFF],
      [HOST, HOST_SAME, HOST_DIFF],
    ] as const) {
      const judged = small(of, same);
      expect(judged.length).toBeGreaterThan(2000);
      const asDistinct = judged.filter((r) => fits(r[diff]!, r[of]!, 2, r[of]! - Math.round(r[of]! * r[same]!) + 1));
      const asShare = judged.filter((r) => Math.abs(1 - r[same]! - r[diff]!) <= 0.0101);
      expect(asDistinct.length).toBe(judged.length);
      expect(asShare.length).toBeLessThan(judged.length / 2);
    }
  });

  it('a host rate is 0 with one host, and else counts different hosts', () => {
    for (const [srv, all, same, hosts] of [
      [SRV, COUNT, SAME, HOSTS],
      [HOST_SRV, HOST, HOST_SAME, HOST_HOSTS],
    ] as const) {
      const judged = rows.filter((r) => r[srv]! >= 3 && r[srv]! <= 90 && r[all]! <= 90);
      const wrong = judged.filter((r) => {
        const others = r[srv]! - Math.round(r[all]! * r[same]!);
        return others <= 0 ? r[hosts] !== 0 : !fits(r[hosts]!, r[srv]!, 2, others + 1);
      });
      expect(judged.length).toBeGreaterThan(2000);
      expect(wrong).toEqual([]);
    }
  });

  it('counts end at 511 and 255, include the connection itself, and a full host window is filled by no other host', () => {
    const most = (column: number) => rows.reduce((m, r) => Math.max(m, r[column]!), 0);
    expect([most(COUNT), most(SRV), most(HOST), most(HOST_SRV)]).toEqual([511, 511, 255, 255]);
    const judged = rows.filter((r) => r[HOST]! > 0 && r[HOST]! <= 90);
    expect(judged.every((r) => fits(r[PORT]!, r[HOST]!, 1, r[HOST]!))).toBe(true);
    const full = rows.filter((r) => r[HOST] === 255);
    expect(full.length).toBeGreaterThan(10_000);
    expect(full.every((r) => r[HOST_HOSTS] === 0)).toBe(true);
    expect(rows.filter((r) => r[HOST_SRV]! > r[HOST]!).length).toBeGreaterThan(10_000);
  });
});
