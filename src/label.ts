import { NetloopError, number } from './errors.js';

/** Where a label comes from. 'truth' is the replayed recording's own, 'person' is feedback; the rest is automatic. */
export const labelSources = ['truth', 'person', 'rule', 'score-high', 'score-low', 'skip'] as const;
export type LabelSource = (typeof labelSources)[number];

/** 1 attack, 0 benign, null unknown (skipped). */
export interface Label {
  readonly label: 0 | 1 | null;
  readonly source: LabelSource;
  /** How sure, 0.5 to 1; 0 for a skipped row. */
  readonly confidence: number;
}

/** What is known about one flow when it is labelled. */
export interface Evidence {
  /** A rule's alert covers this flow. */
  readonly rule: boolean;
  /** The flow model's probability of attack when the flow was seen, null without a model. */
  readonly score: number | null;
  /** A person's word. */
  readonly person?: 0 | 1;
  /** The recording's own truth; only used where the policy trusts it. */
  readonly truth?: 0 | 1;
}

/** The auto-labelling policy. Rule -> attack, above 0.95 -> attack, below 0.30 -> benign, else skip; `guarded` then asks for proof (guard.ts). */
export interface LabelPolicy {
  /** 'plain': what rule and score say stands (SafeLink's). 'guarded': only what a witness that learnt from trusted rows alone does not contradict. 'truth': the recording's truth, to measure what learning could gain. */
  readonly policy: 'guarded' | 'plain' | 'truth';
  readonly attackAbove: number;
  readonly benignBelow: number;
  /** Whether rule alerts label flows as attacks. */
  readonly rules: boolean;
  /** What a skipped step is worth inside a sequence: leave the sequence out, or call the step benign. */
  readonly unknown: 'drop' | 'benign';
  /** Guarded: conformal credibility above which a row counts as an ordinary benign one. */
  readonly benignCredibility: number;
  /** Guarded: conformal credibility above which a row counts as a known kind of attack. */
  readonly attackCredibility: number;
  /** Guarded: share of what rules say that must stand, else the window is not learnt from. */
  readonly leastStanding: number;
}

export const plainPolicy: LabelPolicy = {
  policy: 'plain',
  attackAbove: 0.95,
  benignBelow: 0.3,
  rules: true,
  unknown: 'drop',
  benignCredibility: 0.02,
  attackCredibility: 0.01,
  leastStanding: 0.5,
};

/** The default: plain labels that a witness does not contradict. */
export const guardedPolicy: LabelPolicy = { ...plainPolicy, policy: 'guarded' };

/** @throws NL_OPTION when a threshold is outside [0, 1] or benignBelow lies above attackAbove */
export function checkPolicy(policy: LabelPolicy): LabelPolicy {
  number('labels.attackAbove', policy.attackAbove, { min: 0, max: 1 });
  number('labels.benignBelow', policy.benignBelow, { min: 0, max: 1 });
  if (policy.benignBelow > policy.attackAbove) {
    throw new NetloopError(
      'NL_OPTION',
      `invalid labels.benignBelow: expected at most attackAbove (${policy.attackAbove}), got ${policy.benignBelow}`,
    );
  }
  return policy;
}

/**
 * Labels one flow. Stronger evidence wins: a person, then a rule, then the score.
 * @example label({ rule: false, score: 0.97 }, plainPolicy)  // { label: 1, source: 'score-high', confidence: 0.97 }
 */
export function label(evidence: Evidence, policy: LabelPolicy): Label {
  if (evidence.truth !== undefined) return { label: evidence.truth, source: 'truth', confidence: 1 };
  if (evidence.person !== undefined) return { label: evidence.person, source: 'person', confidence: 1 };
  if (policy.rules && evidence.rule) return { label: 1, source: 'rule', confidence: 1 };
  const { score } = evidence;
  if (score !== null && score > policy.attackAbove) return { label: 1, source: 'score-high', confidence: score };
  if (score !== null && score < policy.benignBelow) return { label: 0, source: 'score-low', confidence: 1 - score };
  return { label: null, source: 'skip', confidence: 0 };
}

/** How good automatic labels were, where truth is known. Every share is a fraction. */
export interface LabelQuality {
  /** Labelled rows / all rows. */
  readonly coverage: number;
  readonly bySource: Readonly<Record<LabelSource, number>>;
  /** Wrong labels / labelled rows with known truth; null without truth. */
  readonly noise: number | null;
  /** Attacks among the rows labelled benign / rows labelled benign; null without truth or such rows. */
  readonly benignNoise: number | null;
}

/** Measures labels against truth, row by row (`truth[i]` undefined where unknown). */
export function labelQuality(labels: readonly Label[], truth: readonly (0 | 1 | undefined)[]): LabelQuality {
  const bySource = Object.fromEntries(labelSources.map((s) => [s, 0])) as Record<LabelSource, number>;
  let labelled = 0;
  let checked = 0;
  let wrong = 0;
  let benign = 0;
  let benignWrong = 0;
  labels.forEach((l, i) => {
    bySource[l.source]++;
    if (l.label === null) return;
    labelled++;
    const t = truth[i];
    if (t === undefined) return;
    checked++;
    if (l.label !== t) wrong++;
    if (l.label === 0) {
      benign++;
      if (t === 1) benignWrong++;
    }
  });
  return {
    coverage: labels.length === 0 ? 0 : labelled / labels.length,
    bySource,
    noise: checked === 0 ? null : wrong / checked,
    benignNoise: benign === 0 ? null : benignWrong / benign,
  };
}
