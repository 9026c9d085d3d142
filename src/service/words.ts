import type { StoredAlert } from '../alert.js';
import { alertKey, type FeedbackStore } from '../feedback.js';
import type { Mask } from '../privacy.js';

/** The name of a site's own alerts. */
export const OWN = 'local';

/**
 * The id under which a person's word on an alert is kept. Of one's own alerts it is the one that finds the alert's flows (`alertKey`), which
 * a masked alert bears already (see `maskAlert`); alerts of two deployments may share an id, but no word.
 */
export function wordId(key: string, { id, deployment }: Pick<StoredAlert, 'id' | 'deployment'>, mask: Pick<Mask, 'mode'>): string {
  if (deployment !== OWN) return alertKey(key, `${deployment}/${id}`);
  return mask.mode === 'keep' ? alertKey(key, id) : id;
}

/** What people said of stored alerts. */
export async function readWords(
  feedback: Pick<FeedbackStore, 'labels'> & { readonly key: string },
  mask: Pick<Mask, 'mode'>,
): Promise<(alert: StoredAlert) => 0 | 1 | undefined> {
  const said = new Map((await feedback.labels()).map(({ id, label }) => [id, label]));
  return said.size === 0 ? () => undefined : (alert) => said.get(wordId(feedback.key, alert, mask));
}
