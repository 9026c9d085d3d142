import type { AlertArchive, AlertFilter, AlertStore, StoredAlert } from '../alert.js';
import { keyedId, type Mask } from '../privacy.js';
import type { Tracking } from '../tracking.js';

/** The id that an alert has outside, which its id inside cannot be guessed from. */
export const maskAlertId = (id: string, mask: Pick<Mask, 'mode'>, key: string): string =>
  mask.mode === 'keep' ? id : keyedId(key, `alert ${id}`);

/**
 * An alert as it may leave the process. Its id was made from addresses that few guesses would find again, so it is keyed too (as the
 * feedback on it is, so that a person's word still finds its flows); its row of features names nobody.
 */
export function maskAlert(alert: StoredAlert, mask: Mask, key: string): StoredAlert {
  if (mask.mode === 'keep') return alert;
  const { scope } = alert;
  return {
    ...alert,
    id: maskAlertId(alert.id, mask, key),
    orig_h: mask.address(alert.orig_h),
    resp_h: mask.address(alert.resp_h),
    user: mask.user(alert.user),
    evidence: Object.fromEntries(
      Object.entries(alert.evidence).map(([name, value]) => [
        name,
        typeof value !== 'string' ? value : name === 'user' ? mask.user(value) : mask.text(value),
      ]),
    ),
    ...(scope && {
      scope: {
        ...scope,
        ...(scope.orig_h !== undefined && { orig_h: mask.address(scope.orig_h) }),
        ...(scope.resp_h !== undefined && { resp_h: mask.address(scope.resp_h) }),
      },
    }),
  };
}

/** The same store: what comes in is masked, and who asks for a user by name still finds them. */
export function maskedAlerts<S extends AlertStore & AlertArchive>(store: S, mask: Mask, key: string): S {
  if (mask.mode === 'keep') return store;
  const named = <F extends AlertFilter>(filter: F): F => (filter.user === undefined ? filter : { ...filter, user: mask.user(filter.user) });
  return {
    ...store,
    append: (alerts) => store.append(alerts.map((alert) => maskAlert(alert, mask, key))),
    // A user who is named as the store has them (taken from an answer) is found as well.
    query: async (query = {}) => {
      const page = await store.query(query);
      return page.last !== null || query.user === undefined ? page : store.query(named(query));
    },
  };
}

/** The same tracking store: no param, tag, note, data set name or text artifact takes an address there. */
export function maskedTracking<T extends Tracking>(tracking: T, mask: Mask): T {
  if (mask.mode === 'keep') return tracking;
  return {
    ...tracking,
    start: (run) => tracking.start(mask.deep(run)),
    log: (run, entries) => tracking.log(run, mask.deep(entries)),
    artifact: (run, path, bytes) => tracking.artifact(run, path, typeof bytes === 'string' ? mask.text(bytes) : bytes),
  };
}
