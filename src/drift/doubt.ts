import { createAdwin } from './adwin.js';
import type { DriftDetector } from './detector.js';
import { createKswin } from './kswin.js';
import { createPageHinkley } from './page-hinkley.js';

/** What may say that a stream has moved, by River's defaults. */
export const driftDetectors = {
  adwin: (): DriftDetector => createAdwin(),
  kswin: (): DriftDetector => createKswin(),
  'page-hinkley': (): DriftDetector => createPageHinkley(),
} as const;
export type DriftDetectorName = keyof typeof driftDetectors;

/** What is known of a flow without its label: what the rules said, and the champion's score. */
export interface Observed {
  readonly rule: boolean;
  readonly score: number | null;
}

/** Whether a champion leaves a flow open: it is not sure (between the two thresholds), or a rule says attack where it says benign. */
export const isDoubtful = ({ rule, score }: Observed, attackAbove: number, benignBelow: number): boolean =>
  score !== null && ((score >= benignBelow && score <= attackAbove) || (rule && score < benignBelow));

/** Says when learning again may pay: when the champion has come to doubt more than it did. */
export interface DoubtWatch {
  /** Takes a window's flows in their order. True where doubt has risen since the last training. */
  risen(flows: Iterable<Observed>): boolean;
  /** A model has been trained on what was seen. */
  trained(): void;
}

/** Flows whose mean doubt is compared before and after a change. */
const RECENT = 0.01;

/**
 * Watches the share of doubtful flows for a rise; a fall is what learning is for. It begins as risen: what the first champion doubts is not
 * known before it has seen a window, and so the training of the first champion settles nothing.
 * @param thresholds of the label policy: between them a score labels nothing
 */
export function createDoubtWatch(
  { attackAbove, benignBelow }: { readonly attackAbove: number; readonly benignBelow: number },
  detector: DriftDetector = createAdwin(),
): DoubtWatch {
  let risen = true;
  let looked = false;
  let usual = 0; // mean doubt since the last change
  let recent = 0; // exponentially weighted
  let seen = 0;
  return {
    risen(flows) {
      for (const flow of flows) {
        if (flow.score === null) continue;
        const doubt = isDoubtful(flow, attackAbove, benignBelow) ? 1 : 0;
        seen++;
        looked = true;
        usual += (doubt - usual) / seen;
        recent += RECENT * (doubt - recent);
        if (!detector.update(doubt)) continue;
        if (recent > usual) risen = true;
        seen = 0;
        usual = 0;
      }
      return risen;
    },
    trained: () => {
      if (looked) risen = false;
    },
  };
}
