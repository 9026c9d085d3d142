import type { Label, LabelPolicy } from './label.js';
import type { Batch, LabelledBatch } from './model.js';
import { fitWitness, type Testimony } from './witness.js';

/** Reviews automatic labels before anything is learnt from them. */
export interface Guard {
  /** The labels that stand, flow by flow; what lacks proof is skipped. A person's word and known truth are never questioned. */
  review(rows: Batch, labels: readonly Label[]): Label[];
  /** Whether the witness is sure of the same: ordinary and no known attack, or a known attack and not ordinary. */
  vouch(rows: Batch, verdicts: readonly (0 | 1)[]): boolean[];
}

export interface GuardOptions {
  /** Trusted single flows that may be learnt from, and others that never are. */
  readonly learn: LabelledBatch;
  readonly calibrate: LabelledBatch;
  /** Columns that are numbers; they come first. */
  readonly numeric: number;
  readonly policy: Pick<LabelPolicy, 'benignCredibility' | 'attackCredibility'>;
  readonly seed: number;
}

/**
 * The guarded policy's second look. The first look (rule or score) proposes a label; a witness that learnt from trusted rows alone must not
 * contradict it. A row counts as a known attack where its votes are credible as an attack's, and more so than as a benign row's:
 * - benign stands only where the row is credible as benign and not as an attack. A missed attack that becomes "benign" is the error that
 *   feeds itself, so this side needs more proof;
 * - an attack by score stands only where the row is no ordinary benign one, and is credible as an attack or unlike anything benign;
 * - an attack by rule falls only where the witness is sure of the contrary: credible as benign, and not at all as an attack.
 * Without trusted rows of both classes nothing can be testified: then rules and people are left alone to speak.
 */
export function createGuard({ learn, calibrate, numeric, policy, seed }: GuardOptions): Guard {
  const both = ({ y }: LabelledBatch): boolean => y.includes(0) && y.includes(1);
  const able = both(learn) && both(calibrate);
  const columns = Array.from({ length: numeric }, (_, i) => i);
  const witness = able ? fitWitness(learn, calibrate, { numeric: columns, seed }) : null;
  const usual = ({ benign }: Testimony, i: number): boolean => benign[i]! > policy.benignCredibility;
  // Some trusted attacks look like nothing at all: they make every row credible as an attack, and so speak against none.
  const hostile = ({ attack, ordinary }: Testimony, i: number): boolean =>
    attack[i]! > policy.attackCredibility && attack[i]! > ordinary[i]!;
  const stands = ({ label, source }: Label, said: Testimony, i: number): boolean => {
    if (label === 0) return usual(said, i) && !hostile(said, i);
    return source === 'rule' ? hostile(said, i) || !usual(said, i) : !usual(said, i);
  };
  return {
    review(rows, labels) {
      const said = witness?.testify(rows) ?? null;
      return labels.map((given, i) => {
        const { label, source } = given;
        if (label === null || source === 'truth' || source === 'person') return given;
        if (said === null ? source !== 'rule' : !stands(given, said, i)) return { label: null, source: 'skip', confidence: 0 };
        return given;
      });
    },
    vouch(rows, verdicts) {
      const said = witness?.testify(rows) ?? null;
      return verdicts.map((verdict, i) => said !== null && usual(said, i) !== hostile(said, i) && usual(said, i) === (verdict === 0));
    },
  };
}
