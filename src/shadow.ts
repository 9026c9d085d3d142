import { noRules } from './counterfactual.js';
import { createDetector, type Scored, type Step } from './detector.js';
import { type AlertDifferences, createDifferenceTally } from './difference.js';
import type { FeatureRow } from './feature.js';
import type { ModelName, ModelVersion } from './registry.js';
import type { SequenceSettings } from './sequence.js';

export interface ShadowOptions {
  readonly challenger: ModelVersion;
  /** The version that is live when it begins; null, or absent, where none is. */
  readonly champion?: number | null;
  /** The users of live sequences. */
  readonly by?: SequenceSettings['by'];
  /** A model raises an alert at or above this probability. */
  readonly alertAbove?: number;
  /** Alerts that are listed: the newest that one raised and the other did not. All are counted. */
  readonly most?: number;
  /** Flows that may wait for the challenger; the oldest above are lost to it. */
  readonly waiting?: number;
}

/** What a challenger would have said of live traffic, beside what the champion (`a`) did say. */
export interface ShadowReport extends AlertDifferences {
  readonly name: ModelName;
  /** Whose alerts differ: ANN of the flow model, LSTM of the behaviour model. What rules say is the same beside both. */
  readonly source: 'ANN' | 'LSTM';
  /** The version that is live; null where none is. Another one begins a new count. */
  readonly champion: number | null;
  readonly challenger: number;
  /** Flows that wait for the challenger, and that it never saw because too many did. */
  readonly waiting: number;
  readonly lost: number;
}

/** A challenger in the shadow of the live detector. */
export interface Shadow {
  readonly name: ModelName;
  readonly challenger: number;
  /** An answer of a live model: kept, nothing is computed. */
  scored(scored: Scored): void;
  /** A flow as the live detector saw it, after its answers: put aside, nothing is computed. */
  step(step: Step): void;
  /** The challenger answers up to `most` of the flows that wait; true while more do. */
  work(most?: number): boolean;
  report(): ShadowReport;
  /** Drops what names a flow: alerts that are listed, and flows that wait. Counts stay. */
  forget(): void;
  dispose(): void;
}

interface Waiting {
  readonly step: Step;
  /** The champion's answer, and which it was; null where it gave none. */
  readonly a: number | null;
  readonly champion: number | null;
}

/**
 * A challenger with a detector of its own, the encoder and the sequences it was trained with, answers the flows that the live one saw, from
 * the rows that the live one made. It answers when it is told to (`work`), so that nobody waits for it, and raises no alert. Memory: `waiting`
 * flows, `most` alerts, and its sequences.
 * @example
 * const shadow = createShadow({ challenger });
 * const detector = createDetector({ …, onScore: shadow.scored, onStep: shadow.step });
 * // … between flows, when there is time: shadow.work(); at last: shadow.report()
 * @throws NL_MODEL_SCHEMA, NL_MODEL_CORRUPT, NL_LAYER_UNKNOWN
 */
export function createShadow(options: ShadowOptions): Shadow {
  const { challenger, by = 'user_id', alertAbove = 0.5, most = 20, waiting: cap = 2000 } = options;
  const { name } = challenger;
  const newTally = () => createDifferenceTally({ above: () => alertAbove, most, differing: true });
  let tally = newTally();
  let champion = options.champion ?? null;
  let lost = 0;
  let queue: Waiting[] = [];
  let said: Scored | null = null;
  let row: FeatureRow | null = null;
  let answer: number | null = null;
  const onScore = ({ score }: Scored): void => {
    answer = score;
  };
  const detector = createDetector({ rules: noRules, featurize: () => row!, by, alertAbove, onScore });
  detector.swap(challenger);

  return {
    name,
    challenger: challenger.version,
    scored(scored) {
      if (scored.name !== name) return;
      if (scored.version !== champion) {
        champion = scored.version;
        tally = newTally();
        lost = 0;
      }
      said = scored;
    },
    step(step) {
      const a = said?.flow === step.flow ? said.score : null;
      said = null;
      queue.push({ step, a, champion });
      if (queue.length <= cap) return;
      const over = Math.max(1, cap >> 3); // not one at a time: an array loses its head slowly
      queue.splice(0, over);
      lost += over;
    },
    work(flows = 32) {
      for (const { step, a, champion: then } of queue.splice(0, flows)) {
        const { flow } = step;
        row = step.row;
        answer = null;
        detector.observe({ kind: 'closed', ts: flow.ts + flow.duration, flow });
        // What waited since before the champion changed is seen, so that sequences go on, and not counted.
        if (then === champion && (a !== null || answer !== null)) tally.add(flow, a, answer);
      }
      return queue.length > 0;
    },
    report: () => ({
      name,
      source: name === 'flow' ? 'ANN' : 'LSTM',
      champion,
      challenger: challenger.version,
      waiting: queue.length,
      lost,
      ...tally.state(),
    }),
    forget() {
      lost += queue.length;
      queue = [];
      tally.forget();
    },
    dispose() {
      queue = [];
      detector.dispose();
    },
  };
}

/** In a few words, for people and for the audit trail. Names no address. */
export function shadowText({
  name,
  champion,
  challenger,
  answers,
  both,
  onlyA,
  onlyB,
  lost,
}: Omit<ShadowReport, 'alerts' | 'unlisted'>): string {
  const live = champion === null ? 'no live version' : `${name}@${champion}`;
  const missed = lost === 0 ? '' : `, ${lost} flows not seen`;
  return `in the shadow of ${live} on ${answers} answers: ${both} alerts of both, ${onlyA} of ${live} alone, ${onlyB} of ${name}@${challenger} alone${missed}`;
}
