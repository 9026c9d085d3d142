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

/** A person's word on an alert, as answers give it. */
export type AlertVerdict = 'true-positive' | 'false-positive';
export const labelOf = { 'true-positive': 1, 'false-positive': 0 } as const;

/** Looks up what was last said of an alert; undefined where nobody said anything. */
export const createVerdicts =
  (feedback: Pick<FeedbackStore, 'of'> & { readonly key: string }, mask: Pick<Mask, 'mode'>) =>
  async (alert: StoredAlert): Promise<AlertVerdict | undefined> => {
    const word = await feedback.of(wordId(feedback.key, alert, mask));
    return word ? (word.label === 1 ? 'true-positive' : 'false-positive') : undefined;
  };

/** What people said of stored alerts. */
export async function readWords(
  feedback: Pick<FeedbackStore, 'labels'> & { readonly key: string },
  mask: Pick<Mask, 'mode'>,
): Promise<(alert: StoredAlert) => 0 | 1 | undefined> {
  const said = new Map((await feedback.labels()).map(({ id, label }) => [id, label]));
  return said.size === 0 ? () => undefined : (alert) => said.get(wordId(feedback.key, alert, mask));
}
