/** What to do with rows labelled "background": nobody said that they are benign, only that they are not known to be attacks. */
export type Background = 'benign' | 'unlabelled' | 'skip';

export interface Truth {
  readonly label: 0 | 1 | undefined;
  readonly background: boolean;
}

const truths = {
  attack: { label: 1, background: false },
  benign: { label: 0, background: false },
  background: { label: 0, background: true },
  none: { label: undefined, background: false },
} as const;

/**
 * A label's text as the public sets write it: `flow=From-Botnet-V42-…`, `flow=Malware-UDP-DNS`, `Malicious`, `Benign`, `benign`,
 * `flow=Background-…`, `flow=From-Normal-…`. Empty, `-` and `(empty)` say nothing; null means that the word is unknown.
 */
export function truthOf(text: string): Truth | null {
  if (text === '' || text === '-' || text === '(empty)') return truths.none;
  if (/botnet|malware|malicious|\battack/i.test(text)) return truths.attack;
  if (/background/i.test(text)) return truths.background;
  if (/normal|benign/i.test(text)) return truths.benign;
  return null;
}
