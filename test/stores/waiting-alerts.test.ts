import { expect, test } from 'vitest';
import { createMemoryAlertStore, type StoredAlert } from '../../src/alert.js';
import { type Code, NetloopError } from '../../src/errors.js';
import { createWaitingAlerts } from '../../src/stores/waiting-alerts.js';
import { storedAlert } from '../contracts/alert-store.js';

const some = (from: number, count: number): StoredAlert[] => Array.from({ length: count }, (_, i) => storedAlert(from + i));

/** A memory store whose disk can be full. */
function outage() {
  const store = createMemoryAlertStore();
  let code: Code | null = null;
  const append: typeof store.append = async (alerts) => {
    if (code) throw new NetloopError(code, 'no room');
    return store.append(alerts);
  };
  return { store: { ...store, append }, kept: store, set: (now: Code | null) => (code = now) };
}
const ids = async (store: { query: ReturnType<typeof createMemoryAlertStore>['query'] }) =>
  (await store.query({ limit: 10_000 })).alerts.map(({ id }) => id);

test.each(['NL_STORE_WRITE', 'NL_BUSY'] as const)('%s: what cannot be written waits, and comes in order, each once', async (code) => {
  const { store, kept, set } = outage();
  const notices: string[] = [];
  const { alerts, waiting, lost, close } = createWaitingAlerts(store, { every: 5, onNotice: (notice) => notices.push(notice) });
  expect(await alerts.append(some(1, 3))).toBe(3);
  set(code);
  for (let i = 0; i < 700; i++) expect(await alerts.append(some(4 + i, 1))).toBe(0);
  expect([waiting(), (await ids(kept)).length]).toEqual([700, 3]);
  set(null);
  await expect.poll(waiting).toBe(0);
  await alerts.append(some(704, 1));
  expect(await ids(kept)).toEqual(some(1, 704).map(({ id }) => id));
  await close();
  expect([lost(), notices]).toEqual([0, ['alerts wait in memory: no room', 'alerts are written again: none wait']]);
});

test('memory is bounded, and what is lost is counted and told', async () => {
  const { store, kept, set } = outage();
  const notices: string[] = [];
  const { alerts, waiting, lost, close } = createWaitingAlerts(store, { most: 10, every: 1e6, onNotice: (notice) => notices.push(notice) });
  set('NL_STORE_WRITE');
  await alerts.append(some(1, 8));
  await alerts.append(some(9, 5));
  expect([waiting(), lost()]).toEqual([10, 3]);
  set(null);
  await close();
  expect((await ids(kept)).length).toBe(10);
  expect(notices.at(-1)).toBe('3 alerts could not be written and are lost');
});

test('what is refused for good does not stop what comes behind it', async () => {
  const { store, set } = outage();
  const { alerts, waiting, lost, close } = createWaitingAlerts(store, { every: 1e6 });
  set('NL_STORE_WRITE');
  await alerts.append(some(1, 600));
  set('NL_SPEC');
  await close();
  expect([waiting(), lost()]).toEqual([0, 600]);
});

test('an erasure reaches what waits; what is no outage is told at once', async () => {
  const { store, kept, set } = outage();
  const { alerts, waiting, close } = createWaitingAlerts(store, { every: 1e6 });
  set('NL_SPEC');
  await expect(alerts.append(some(1, 1))).rejects.toMatchObject({ code: 'NL_SPEC' });
  set('NL_STORE_WRITE');
  await alerts.append(some(1, 6));
  expect(await alerts.forget({ id: storedAlert(2).id })).toBe(1);
  expect(waiting()).toBe(5);
  set(null);
  await close();
  expect(await ids(kept)).not.toContain(storedAlert(2).id);
});
