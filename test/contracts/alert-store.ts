import { describe, expect, it } from 'vitest';
import type { AlertArchive, AlertStore, StoredAlert } from '../../src/alert.js';
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
export function alertStoreContract(
  name: string,
  create: (options?: { maxAlerts?: number }) => (AlertStore & AlertArchive) | Promise<AlertStore & AlertArchive>,
): void {
  describe(`${name} keeps the alert store contract`, () => {
    it('gives back exactly what was kept, in order', async () => {
      const store = await create();
      expect(await store.append(storedAlerts(0, 5))).toBe(5);
      expect(await store.append([])).toBe(0);
      expect(await store.query()).toEqual({ alerts: storedAlerts(0, 5), next: null, last: expect.any(Number) });
      expect((await store.query({ rule: 'none' })).last).toBeNull();
    });

    it('keeps an alert once, whoever brings it again, and the first telling of it', async () => {
      const store = await create();
      await store.append(storedAlerts(0, 3));
      expect(await store.append([{ ...storedAlert(1), score: 0 }, storedAlert(3), storedAlert(3)])).toBe(1);
      expect((await store.query()).alerts).toEqual(storedAlerts(0, 4));
      expect(await store.count()).toBe(4);
    });

    it('finds and erases by an address wherever it stands in an alert, and no other that only begins alike', async () => {
      const store = await create();
      const about = (n: number, change: Partial<StoredAlert>): StoredAlert => ({
        ...storedAlert(n),
        orig_h: '10.0.0.1',
        scope: undefined,
        ...change,
      });
      await store.append([
        about(0, { user: '192.0.2.7', orig_h: '192.0.2.7' }),
        about(1, { resp_h: '192.0.2.7' }),
        about(2, { evidence: { claimed: '192.0.2.5 192.0.2.7', packets: 3 } }),
        about(4, { scope: { orig_h: '192.0.2.7', since: 0, until: 1 } }),
        about(5, { resp_h: '192.0.2.77' }),
        about(7, { evidence: { claimed: '1192.0.2.7' } }),
      ]);
      await store.archive({ id: 'alert-1' }, { at: 1, note: '' });
      expect(await store.count({ naming: '192.0.2.7', archive: 'any' })).toBe(4);
      expect((await store.query({ naming: '192.0.2.7' })).alerts.map(({ id }) => id)).toEqual(['alert-0', 'alert-2', 'alert-4']);
      expect(await store.count({ naming: '192_0.2.7', archive: 'any' })).toBe(0);
      expect(await store.forget({ naming: '192.0.2.7' })).toBe(4);
      expect((await store.query({ archive: 'any' })).alerts.map(({ id }) => id)).toEqual(['alert-5', 'alert-7']);
    });

    it.each(['oldest', 'newest'] as const)('pages through all, %s first, each once, also while more come', async (order) => {
      const store = await create();
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
      const store = await create();
      await store.append(storedAlerts(0, 7));
      const { last } = await store.query();
      await store.append(storedAlerts(7, 12));
      expect((await store.query({ cursor: last! })).alerts).toEqual(storedAlerts(7, 12));
    });

    it('knows that a page which just fits is the last', async () => {
      const store = await create();
      await store.append(storedAlerts(0, 7));
      expect((await store.query({ limit: 7 })).next).toBeNull();
      expect((await store.query({ limit: 6 })).next).not.toBeNull();
    });

    it('filters by every field, alone and together; since counts, until does not', async () => {
      const store = await create();
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
        { otherThan: ['lab'], until: ts },
        { otherThan: ['elsewhere', 'nowhere'], until: ts },
        { id: 'alert-5' },
        { id: 'alert-5', deployment: 'elsewhere' },
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
        [all[5]],
        [],
        all.slice(3, 12).filter(({ rule, user }) => rule === 'flood' && user === 'bob'),
      ];
      for (const [i, filter] of filters.entries()) {
        expect((await store.query(filter)).alerts).toEqual(expected[i]);
        expect(await store.count(filter)).toBe(expected[i]!.length);
      }
      expect(expected[11]!.length).toBeGreaterThan(0);
    });

    it('drops the oldest beyond its cap, and says how many', async () => {
      const store = await create({ maxAlerts: 10 });
      expect(await store.append(storedAlerts(0, 8))).toBe(8);
      expect(await store.append(storedAlerts(8, 23))).toBe(15);
      expect((await store.query()).alerts).toEqual(storedAlerts(13, 23));
      expect(await store.append([storedAlert(23)])).toBe(1);
      expect((await store.query()).alerts).toEqual(storedAlerts(14, 24));
      expect(await store.stats()).toMatchObject({ stored: 10, dropped: 14 });
      expect(await store.count()).toBe(10);
    });

    it('counts by rule and source, and knows its span', async () => {
      const store = await create();
      expect(await store.stats()).toEqual({
        stored: 0,
        archived: 0,
        dropped: 0,
        byRule: {},
        bySource: { DFA: 0, ANN: 0, LSTM: 0 },
        from: null,
        to: null,
      });
      await store.append(storedAlerts(0, 12));
      expect(await store.stats()).toEqual({
        stored: 12,
        archived: 0,
        dropped: 0,
        byRule: { 'flow-score': 4, flood: 4, 'port-scan': 4 },
        bySource: { DFA: 8, ANN: 4, LSTM: 0 },
        from: storedAlert(0).ts,
        to: storedAlert(11).ts,
      });
    });

    it('erases what is named, and refuses to erase everything by accident', async () => {
      const store = await create();
      await store.append(storedAlerts(0, 12));
      expect(await store.forget({ user: 'bob' })).toBe(6);
      expect(await store.count()).toBe(6);
      expect(await store.count({ user: 'bob' })).toBe(0);
      expect(await store.forget({ until: storedAlert(5).ts })).toBe(3);
      for (const empty of [{}, { user: undefined }]) await expect(store.forget(empty)).rejects.toMatchObject({ code: 'NL_OPTION' });
      expect((await store.stats()).stored).toBe(3);
      expect(await store.append([storedAlert(1)])).toBe(1);
    });

    it('tells deployments apart: the same traffic at two sites is two alerts', async () => {
      const store = await create();
      const there = { ...storedAlert(1), deployment: 'there' };
      expect(await store.append([storedAlert(1), there, there])).toBe(2);
      expect((await store.query({ id: 'alert-1', otherThan: ['elsewhere', 'lab'] })).alerts).toEqual([there]);
    });

    it('reads only what came after a cursor, whatever the order', async () => {
      const store = await create();
      await store.append(storedAlerts(0, 5));
      const { last } = await store.query();
      expect((await store.query({ order: 'newest', after: last! })).alerts).toEqual([]);
      await store.append(storedAlerts(5, 12));
      const page = await store.query({ order: 'newest', after: last!, limit: 4 });
      expect(page.alerts).toEqual(storedAlerts(8, 12).reverse());
      const rest = await store.query({ order: 'newest', after: last!, limit: 4, cursor: page.next! });
      expect([rest.alerts, rest.next]).toEqual([storedAlerts(5, 8).reverse(), null]);
    });

    it('puts alerts aside: out of sight, still known, and within reach of erasure', async () => {
      const store = await create({ maxAlerts: 11 });
      await store.append(storedAlerts(0, 10));
      expect(await store.archive({ until: storedAlert(4).ts }, { at: 5, note: 'first' })).toEqual({
        archive: 1,
        at: 5,
        note: 'first',
        alerts: 4,
      });
      expect(await store.archive({ until: storedAlert(4).ts }, { at: 6, note: 'nothing left' })).toBeNull();
      expect(await store.archive({ rule: 'flood' }, { at: 7, note: 'second' })).toMatchObject({ archive: 2, alerts: 2 }); // 5 and 7
      await expect(store.archive({}, { at: 8, note: 'all' })).rejects.toMatchObject({ code: 'NL_OPTION' });
      expect((await store.query()).alerts.map(({ id }) => id)).toEqual(['alert-4', 'alert-6', 'alert-8', 'alert-9']);
      expect((await store.query({ archive: 1 })).alerts).toEqual(storedAlerts(0, 4));
      expect((await store.query({ archive: 'any' })).alerts).toEqual(storedAlerts(0, 10));
      expect(await store.stats()).toMatchObject({ stored: 4, archived: 6, byRule: { 'flow-score': 2, 'port-scan': 2 } });
      expect([await store.count(), await store.count({ archive: 'any' }), await store.count({ archive: 2 })]).toEqual([4, 10, 2]);
      expect(await store.append([storedAlert(2)])).toBe(0);
      expect(await store.forget({ user: 'bob', archive: 1 })).toBe(2);
      expect(await store.forget({ user: 'bob' })).toBe(3);
      expect(await store.archives()).toEqual([
        { archive: 2, at: 7, note: 'second', alerts: 0 },
        { archive: 1, at: 5, note: 'first', alerts: 2 },
      ]);
      await store.append(storedAlerts(20, 27)); // the cap counts what is put aside
      expect(await store.stats()).toMatchObject({ stored: 10, archived: 1, dropped: 1 });
    });
  });
}
