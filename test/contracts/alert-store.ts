import { describe, expect, it } from 'vitest';
import type { AlertStore, StoredAlert } from '../../src/alert.js';
import type { FeatureRow } from '../../src/feature.js';

const row: FeatureRow = {
  ...{
    duration: 0.1 + 0.2,
    protocol_type: 'tcp',
    service: 'ssh',
    flag: 'SF',
    src_bytes: 2 ** 40 + 1,
    dst_bytes: 0,
    land: 0,
    wrong_fragment: 0,
  },
  ...{ urgent: 0, count: 3, srv_count: 2, serror_rate: 1 / 3, srv_serror_rate: 0, rerror_rate: 0, srv_rerror_rate: 0, same_srv_rate: 1 },
  ...{
    diff_srv_rate: 0,
    srv_diff_host_rate: 0,
    dst_host_count: 255,
    dst_host_srv_count: 1,
    dst_host_same_srv_rate: 1,
    dst_host_diff_srv_rate: 0,
  },
  ...{ dst_host_same_src_port_rate: 0, dst_host_srv_diff_host_rate: 0, dst_host_serror_rate: 0, dst_host_srv_serror_rate: 0 },
  ...{ dst_host_rerror_rate: 0, dst_host_srv_rerror_rate: 0 },
};

/** Alert number n: one a second of capture time; every third by the flow model, with its row. */
export function storedAlert(n: number): StoredAlert {
  const scored = n % 3 === 0;
  return {
    id: `alert-${n}`,
    ts: 1_700_000_000_000_000 + n * 1_000_000 + 1,
    source: scored ? 'ANN' : 'DFA',
    rule: scored ? 'flow-score' : n % 2 === 0 ? 'port-scan' : 'flood',
    orig_h: '10.0.0.7',
    resp_h: 'fe80::1',
    orig_p: 40_000,
    resp_p: 22,
    score: scored ? 0.987654321 : 1,
    evidence: { ports: 21, threshold: 20, note: 'Ünïcode "quoted"\n' },
    model_version: scored ? 'flow@3' : null,
    ...(scored ? {} : { scope: { orig_h: '10.0.0.7', since: 1_700_000_000_000_000, until: 1_700_000_000_000_000 + n } }),
    user: n % 2 === 0 ? 'alice' : 'bob',
    deployment: 'lab',
    row: scored ? row : null,
    ...(n % 4 === 0 ? { truth: 1 } : {}),
  };
}

export const storedAlerts = (from: number, to: number): StoredAlert[] => Array.from({ length: to - from }, (_, i) => storedAlert(from + i));

/** What every alert store must do, whatever holds the bytes. */
export function alertStoreContract(name: string, create: (options?: { maxAlerts?: number }) => AlertStore): void {
  describe(`${name} keeps the alert store contract`, () => {
    it('gives back exactly what was kept, in order', async () => {
      const store = create();
      expect(await store.append(storedAlerts(0, 5))).toBe(5);
      expect(await store.append([])).toBe(0);
      expect(await store.query()).toEqual({ alerts: storedAlerts(0, 5), next: null, last: expect.any(Number) });
      expect((await store.query({ rule: 'none' })).last).toBeNull();
    });

    it('keeps an alert once, whoever brings it again, and the first telling of it', async () => {
      const store = create();
      await store.append(storedAlerts(0, 3));
      expect(await store.append([{ ...storedAlert(1), score: 0 }, storedAlert(3), storedAlert(3)])).toBe(1);
      expect((await store.query()).alerts).toEqual(storedAlerts(0, 4));
      expect(await store.count()).toBe(4);
    });

    it.each(['oldest', 'newest'] as const)('pages through all, %s first, each once, also while more come', async (order) => {
      const store = create();
      await store.append(storedAlerts(0, 25));
      const seen: StoredAlert[] = [];
      let next: number | null = null;
      let pages = 0;
      do {
        const page = await store.query({ limit: 7, order, ...(next === null ? {} : { cursor: next }) });
        expect(page.alerts.length).toBeLessThanOrEqual(7);
        seen.push(...page.alerts);
        next = page.next;
        if (++pages === 2) await store.append(storedAlerts(25, 30));
      } while (next !== null);
      const all = storedAlerts(0, order === 'oldest' ? 30 : 25);
      expect(seen).toEqual(order === 'oldest' ? all : all.reverse());
    });

    it('remembers where a reader stopped, so that it meets each alert once', async () => {
      const store = create();
      await store.append(storedAlerts(0, 7));
      const { last } = await store.query();
      await store.append(storedAlerts(7, 12));
      expect((await store.query({ cursor: last! })).alerts).toEqual(storedAlerts(7, 12));
    });

    it('knows that a page which just fits is the last', async () => {
      const store = create();
      await store.append(storedAlerts(0, 7));
      expect((await store.query({ limit: 7 })).next).toBeNull();
      expect((await store.query({ limit: 6 })).next).not.toBeNull();
    });

    it('filters by every field, alone and together; since counts, until does not', async () => {
      const store = create();
      const all = storedAlerts(0, 24);
      await store.append(all);
      const { ts } = all[12]!;
      const filters = [
        { since: ts },
        { until: ts },
        { since: ts, until: ts + 1 },
        { rule: 'port-scan' },
        { source: 'ANN' as const },
        { user: 'alice' },
        { deployment: 'elsewhere' },
        { otherThan: 'lab', until: ts },
        { otherThan: 'elsewhere', until: ts },
        { rule: 'flood', user: 'bob', since: all[3]!.ts, until: ts },
      ];
      const expected = [
        all.slice(12),
        all.slice(0, 12),
        [all[12]],
        all.filter(({ rule }) => rule === 'port-scan'),
        all.filter(({ source }) => source === 'ANN'),
        all.filter(({ user }) => user === 'alice'),
        [],
        [],
        all.slice(0, 12),
        all.slice(3, 12).filter(({ rule, user }) => rule === 'flood' && user === 'bob'),
      ];
      for (const [i, filter] of filters.entries()) {
        expect((await store.query(filter)).alerts).toEqual(expected[i]);
        expect(await store.count(filter)).toBe(expected[i]!.length);
      }
      expect(expected[9]!.length).toBeGreaterThan(0);
    });

    it('drops the oldest beyond its cap, and says how many', async () => {
      const store = create({ maxAlerts: 10 });
      expect(await store.append(storedAlerts(0, 8))).toBe(8);
      expect(await store.append(storedAlerts(8, 23))).toBe(15);
      expect((await store.query()).alerts).toEqual(storedAlerts(13, 23));
      expect(await store.append([storedAlert(23)])).toBe(1);
      expect((await store.query()).alerts).toEqual(storedAlerts(14, 24));
      expect(await store.stats()).toMatchObject({ stored: 10, dropped: 14 });
      expect(await store.count()).toBe(10);
    });

    it('counts by rule and source, and knows its span', async () => {
      const store = create();
      expect(await store.stats()).toEqual({
        stored: 0,
        dropped: 0,
        byRule: {},
        bySource: { DFA: 0, ANN: 0, LSTM: 0 },
        from: null,
        to: null,
      });
      await store.append(storedAlerts(0, 12));
      expect(await store.stats()).toEqual({
        stored: 12,
        dropped: 0,
        byRule: { 'flow-score': 4, flood: 4, 'port-scan': 4 },
        bySource: { DFA: 8, ANN: 4, LSTM: 0 },
        from: storedAlert(0).ts,
        to: storedAlert(11).ts,
      });
    });

    it('erases what is named, and refuses to erase everything by accident', async () => {
      const store = create();
      await store.append(storedAlerts(0, 12));
      expect(await store.forget({ user: 'bob' })).toBe(6);
      expect(await store.count()).toBe(6);
      expect(await store.count({ user: 'bob' })).toBe(0);
      expect(await store.forget({ until: storedAlert(5).ts })).toBe(3);
      for (const empty of [{}, { user: undefined }]) await expect(store.forget(empty)).rejects.toMatchObject({ code: 'NL_OPTION' });
      expect((await store.stats()).stored).toBe(3);
      expect(await store.append([storedAlert(1)])).toBe(1);
    });
  });
}
