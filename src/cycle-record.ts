import { createHash } from 'node:crypto';
import type { CycleJob } from './cycle.js';
import type { Step } from './detector.js';
import type { Metrics } from './evaluate.js';
import type { Flow } from './flow.js';
import type { Verdict } from './gate.js';
import { canonical, sha256 } from './hash.js';
import { type Label, type LabelQuality, labelQuality } from './label.js';
import type { EpochRecord } from './model.js';
import type { ModelName } from './registry.js';
import type { SequenceCount } from './sequence.js';

/** What a cycle did. Holds no clock: seconds are the caller's to add. */
export interface CycleRecord {
  readonly learner: ModelName;
  readonly number: number;
  readonly window: { readonly from: number; readonly to: number };
  readonly state: 'deployed' | 'rolled-back' | 'skipped' | 'failed';
  readonly reason: string;
  readonly flows: number;
  readonly users: number;
  readonly sequences: SequenceCount | null;
  readonly labels: LabelQuality;
  /** What rule and score proposed, and how much of it the guard struck; absent without a guard. */
  readonly guard?: { readonly proposed: number; readonly struck: number };
  readonly samples: {
    readonly train: number;
    readonly replayed: number;
    readonly held: number;
    /** Labelled rows from other deployments' alerts, in `train` and `held`. */
    readonly others: number;
    /** Held rows that are bit for bit a row learnt. */
    readonly duplicates: number;
    readonly split: string;
  };
  /** PSI of the champion's scores over this window against the window before; null without either. Empty bins count as `epsilon`. */
  readonly drift: { readonly psi: number; readonly epsilon: number; readonly bins: number } | null;
  /** The challenger on the golden set: expected calibration error (15 bins), and the temperature that would mend it; null without one. */
  readonly calibration: { readonly error: number; readonly temperature: number } | null;
  /** Champion on the whole window, scored before learning; null without champion or truth. */
  readonly prequential: Metrics | null;
  /** On the end of the window that was not learnt: truth where known, else the labels. `before` is the champion, `after` the challenger. */
  readonly before: Metrics | null;
  readonly after: Metrics | null;
  readonly goldenBefore: Metrics | null;
  readonly goldenAfter: Metrics | null;
  readonly verdict: Verdict | null;
  readonly epochs: readonly EpochRecord[];
  readonly version: number | null;
  readonly parent: number | null;
  /** False where a model took part for which no bits are promised (TensorFlow.js); absent: the same job gives the same record. */
  readonly reproducible?: false;
  /** SHA-256, hex, of what went in and what came out. */
  readonly hashes: Readonly<Record<'flows' | 'labels' | 'samples' | 'weights' | 'metrics', string>>;
}

/** Everything that a flow is, in a fixed order, without building an object for it. */
const flowText = (f: Flow): string =>
  `${f.ts} ${f.duration} ${f.proto} ${f.service} ${f.orig_h} ${f.orig_p} ${f.resp_h} ${f.resp_p} ${f.conn_state} ${f.history} ${f.orig_pkts} ` +
  `${f.orig_bytes} ${f.orig_ip_bytes} ${f.resp_pkts} ${f.resp_bytes} ${f.resp_ip_bytes} ${f.vlan} ${f.tunnel} ${f.wrong_fragment} ${f.urgent} ` +
  `${f.end} ${f.user_id} ${f.label} ${f.attack} ${f.features ? Object.values(f.features).join(' ') : ''}\n`;
const hashSteps = (steps: readonly Step[]): string => sha256(...steps.map(({ flow }) => flowText(flow)));

/** SHA-256 over every flow of a window, hex; `breathe` is awaited every 2,000 flows. */
export async function hashFlows(steps: readonly Step[], breathe: () => Promise<unknown> = async () => {}): Promise<string> {
  const hash = createHash('sha256');
  for (const [i, { flow }] of steps.entries()) {
    hash.update(flowText(flow));
    if (i % 2000 === 1999) await breathe();
  }
  return hash.digest('hex');
}
export const hashLabels = (labels: readonly Label[]): string =>
  sha256(
    Int8Array.from(labels, (l) => l.label ?? -1),
    labels.map((l) => l.source).join(),
  );
export const hashMetrics = (r: CycleRecord): string =>
  sha256(
    canonical([
      r.labels,
      r.samples,
      r.prequential,
      r.before,
      r.after,
      r.goldenBefore,
      r.goldenAfter,
      r.verdict,
      r.epochs,
      r.drift,
      r.calibration,
    ]),
  );

/** A record before anything is known but the window. */
export function blankRecord(job: CycleJob, parent: number | null): CycleRecord {
  return {
    learner: job.learner,
    number: job.number,
    window: job.window,
    state: 'failed',
    reason: '',
    flows: job.steps.length,
    users: new Set(job.steps.map((s) => s.user)).size,
    sequences: null,
    labels: labelQuality([], []),
    samples: { train: 0, replayed: 0, held: 0, others: 0, duplicates: 0, split: 'time' },
    drift: null,
    calibration: null,
    prequential: null,
    before: null,
    after: null,
    goldenBefore: null,
    goldenAfter: null,
    verdict: null,
    epochs: [],
    version: null,
    parent,
    hashes: { flows: job.flowsHash ?? hashSteps(job.steps), labels: '', samples: '', weights: '', metrics: '' },
  };
}
