import { describe, expect, test } from 'vitest';
import type { Feedback, FeedbackStore } from '../../src/feedback.js';

const said = (n: number, more: Partial<Feedback> = {}): Feedback => ({
  subject: 'alert',
  id: `id-${n}`,
  user: `user-${n % 2}`,
  label: n % 2 === 0 ? 1 : 0,
  why: `because "${n}"; DROP TABLE`,
  by: 'eve',
  at: 1_800_000_000_000 + n,
  since: 1_700_000_000_000_000 + n,
  until: 1_700_000_000_000_000 + n,
  ...more,
});

/** What every feedback store must do, whatever holds the bytes. */
export function feedbackContract(name: string, create: (options?: { capacity?: number }) => FeedbackStore): void {
  const ids = async (store: FeedbackStore) => (await store.labels()).map(({ id }) => id);

  describe(`${name} keeps the feedback contract`, () => {
    test('gives back exactly what was said, in order', async () => {
      const store = create();
      expect(await store.of('id-0')).toBeNull();
      for (const n of [0, 1, 2]) await store.put(said(n));
      expect(await store.labels()).toEqual([said(0), said(1), said(2)]);
      expect(await store.of('id-1')).toEqual(said(1));
    });

    test('a newer word on the same subject takes the place of the older; another stretch of the same user stands beside it', async () => {
      const store = create();
      await store.put(said(0));
      await store.put(said(0, { label: 0, why: 'I was wrong', by: 'adam' }));
      expect(await store.labels()).toEqual([said(0, { label: 0, why: 'I was wrong', by: 'adam' })]);
      await store.put(said(0, { until: 1_700_000_000_000_009 }));
      expect(await ids(store)).toEqual(['id-0', 'id-0']);
      expect((await store.of('id-0'))!.until).toBe(1_700_000_000_000_009);
    });

    test('forgets by id, by user, and what speaks only of the time before', async () => {
      const store = create();
      for (const n of [0, 1, 2, 3, 4, 5]) await store.put(said(n));
      expect(await store.forget({ id: 'id-5' })).toBe(1);
      expect(await store.forget({ user: 'user-1', until: said(3).until })).toBe(1);
      expect(await ids(store)).toEqual(['id-0', 'id-2', 'id-3', 'id-4']);
      expect(await store.forget({ until: said(3).until })).toBe(2);
      expect(await ids(store)).toEqual(['id-3', 'id-4']);
      expect(await store.forget({ user: 'nobody' })).toBe(0);
    });

    test('keeps the newest, counts what it dropped', async () => {
      const store = create({ capacity: 2 });
      for (const n of [0, 1, 2, 3]) await store.put(said(n));
      expect(await ids(store)).toEqual(['id-2', 'id-3']);
      expect(await store.count()).toEqual({ kept: 2, dropped: 2 });
    });
  });
}
