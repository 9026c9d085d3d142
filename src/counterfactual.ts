import { createDetector, type Detector, type Scored } from './detector.js';
import { type AlertDifferences, createDifferenceTally } from './difference.js';
import { NetloopError } from './errors.js';
import { createFeaturizer, type FeaturizerOptions } from './featurize.js';
import type { TrafficEvent } from './flow.js';
import type { ModelVersion } from './registry.js';
import type { Rule } from './rule.js';
import type { SequenceSettings } from './sequence.js';

export interface CounterfactualOptions {
  readonly a: ModelVersion;
  readonly b: ModelVersion;
  /** A model raises an alert at or above this probability. */
  readonly alertAbove?: number;
  readonly features?: FeaturizerOptions;
  readonly by?: SequenceSettings['by'];
  /** Alerts that are listed: the newest. All are counted. */
  readonly most?: number;
}

/** What two versions would have said of the same traffic. */
export interface Counterfactual {
  observe(event: TrafficEvent): void;
  differences(): AlertDifferences;
  dispose(): void;
}

/** Rules that say nothing: for models alone. */
export const noRules: Rule = { name: 'none', observe: () => [], size: () => ({ keys: 0, forgotten: 0 }) };

/**
 * Two versions of one learner, each in a detector of its own with the encoder and the sequences it was trained with, watch the same traffic.
 * Rules are left out: they would say the same to both. A behaviour version answers where its own sequences end.
 * @example
 * const replay = createCounterfactual({ a: champion, b: challenger });
 * const traffic = createTraffic(replay.observe);
 * // … traffic.batch(batch) for every batch of a source, then traffic.flush()
 * const { both, onlyA, onlyB } = replay.differences();
 * @throws NL_OPTION for versions of two learners; NL_MODEL_SCHEMA, NL_MODEL_CORRUPT
 */
export function createCounterfactual({
  a,
  b,
  alertAbove = 0.5,
  features,
  by = 'user_id',
  most = 100_000,
}: CounterfactualOptions): Counterfactual {
  if (a.name !== b.name) {
    throw new NetloopError(
      'NL_OPTION',
      `invalid versions: expected two of one learner, got ${a.name}@${a.version} and ${b.name}@${b.version}`,
    );
  }
  const tally = createDifferenceTally({ above: () => alertAbove, most });
  let said: number | null = null;
  const detectorOf = (version: ModelVersion): Detector => {
    const onScore = ({ score }: Scored): void => {
      said = score;
    };
    const detector = createDetector({ rules: noRules, featurize: createFeaturizer(features), by, alertAbove, onScore });
    detector.swap(version);
    return detector;
  };
  const first = detectorOf(a);
  let second: Detector;
  try {
    second = detectorOf(b);
  } catch (error) {
    first.dispose();
    throw error;
  }
  const ask = (detector: Detector, event: TrafficEvent): number | null => {
    said = null;
    detector.observe(event);
    return said;
  };
  return {
    observe(event) {
      const [one, other] = [ask(first, event), ask(second, event)];
      if (event.kind === 'closed' && (one !== null || other !== null)) tally.add(event.flow, one, other);
    },
    differences: tally.state,
    dispose() {
      first.dispose();
      second.dispose();
    },
  };
}
