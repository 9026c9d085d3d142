import { type Alert, type AlertSource, implicates, type StoredAlert } from './alert.js';
import { type Encoder, encode, loadEncoder } from './encoder.js';
import { NetloopError } from './errors.js';
import type { FeatureRow } from './feature.js';
import { type Flow, type TrafficEvent, userOf } from './flow.js';
import { sha256 } from './hash.js';
import type { Model } from './model.js';
import { loadModel } from './networks/load.js';
import type { ModelName, ModelVersion } from './registry.js';
import type { Rule } from './rule.js';
import { createSequencer, type Sequencer, type SequenceSettings } from './sequence.js';

/** A closed flow as the detector saw it: what cycles learn from. */
export interface Step {
  readonly flow: Flow;
  readonly user: string;
  readonly row: FeatureRow;
  /** The flow model's probability of attack at that moment; null without a flow model. */
  readonly score: number | null;
  /** The version that gave the score; null without one. */
  readonly scoredBy?: number | null;
  /** What a person said of this flow; absent where nobody did. */
  readonly person?: 0 | 1;
  /** The rule whose alert covers this flow, null for none; absent until the window's alerts have been asked (`attest`). */
  readonly rule?: string | null;
}

/** One answer of a live model, with what it was given: what health is watched by. */
export interface Scored {
  readonly name: ModelName;
  readonly version: number;
  /** Probability of attack. */
  readonly score: number;
  /** One row for the flow model; the rows of the sequence, oldest first, for the behaviour model. */
  readonly rows: readonly FeatureRow[];
  /** The flow that completed them. */
  readonly flow: Flow;
}

/** One change of the live model: between two flows, never inside one. */
export interface SwapRecord {
  readonly name: ModelName;
  readonly from: number | null;
  readonly to: number;
  /** Closed flows seen before the swap: the last one scored by the old model. */
  readonly afterFlow: number;
  /** Absent where the detector has no clock. */
  readonly latency?: SwapLatency;
}

/** What scoring took around a swap, microseconds. */
export interface SwapLatency {
  /** The last score by the old model; null where it gave none. */
  readonly before: number | null;
  /** The swap itself: loading, checking, changing over. What arrives meanwhile waits so long. */
  readonly during: number;
  /** The first score by the new model; null until there is one: the record completes itself. */
  readonly after: number | null;
}

export interface DetectorOptions {
  readonly rules: Rule;
  readonly featurize: (flow: Flow) => FeatureRow;
  readonly by?: SequenceSettings['by'];
  /** A model alert is raised at or above this probability. */
  readonly alertAbove?: number;
  /** This site's name on its alerts. */
  readonly deployment?: string;
  readonly onStep?: (step: Step) => void;
  /** Microseconds from any beginning, for the latencies of swaps; nothing else depends on it. */
  readonly clock?: () => number;
  /** Told of every answer of either model. */
  readonly onScore?: (scored: Scored) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Live {
  readonly version: ModelVersion;
  readonly model: Model;
  readonly encoder: Encoder;
}

/** Watches traffic with rules and both models. Synchronous: what it is given is judged before the call returns. */
export interface Detector {
  observe(event: TrafficEvent): readonly StoredAlert[];
  /** Capture time passes: what rules waited for may be overdue. */
  advance(now: number): readonly StoredAlert[];
  /** Puts a version live. It is loaded whole before the old one leaves. @throws NL_MODEL_SCHEMA, NL_MODEL_CORRUPT: the old one stays */
  swap(version: ModelVersion): SwapRecord;
  live(name: ModelName): ModelVersion | null;
  dispose(): void;
}

/** A model and its encoder, loaded and checked against each other. @throws NL_MODEL_SCHEMA, NL_MODEL_CORRUPT, NL_LAYER_UNKNOWN */
function load(version: ModelVersion): Live {
  const { name, sequence } = version;
  const encoder = loadEncoder(version.encoder);
  const { steps, features } = version.model.architecture;
  const refuse = (what: string): never => {
    throw new NetloopError('NL_MODEL_SCHEMA', `${name}@${version.version} does not fit: ${what}; roll back, or train again`, {
      where: { model: name, version: version.version },
    });
  };
  if (features !== encoder.width) refuse(`its weights take ${features} numbers a flow, its encoder gives ${encoder.width}`);
  const length = name === 'behaviour' ? sequence?.length : 1;
  if (steps !== length) refuse(`its weights take ${steps} flows, ${length ?? 'no'} are given`);
  return { version, model: loadModel(version.model), encoder };
}

/**
 * @example
 * const detector = createDetector({ rules: createRules(), featurize: createFeaturizer() });
 * for (const alert of detector.observe(event)) console.log(alert.rule, alert.evidence);
 */
export function createDetector({
  rules,
  featurize,
  by = 'user_id',
  alertAbove = 0.5,
  deployment = 'local',
  clock,
  onStep,
  onScore,
}: DetectorOptions): Detector {
  const live: Record<ModelName, Live | null> = { flow: null, behaviour: null };
  const took: Record<ModelName, number | null> = { flow: null, behaviour: null }; // the last score of the live version
  const begun: Record<ModelName, Mutable<SwapLatency> | null> = { flow: null, behaviour: null }; // swaps whose version has not scored yet
  let sequencer: Sequencer<FeatureRow> | null = null; // features only: it reaches back over windows, and flows must not
  let flows = 0;

  const modelAlert = (
    source: AlertSource,
    rule: string,
    { flow }: Step,
    name: ModelName,
    score: number,
    evidence: Alert['evidence'],
  ): Alert => ({
    id: sha256(rule, String(flow.ts + flow.duration), flow.orig_h, flow.resp_h, String(flow.orig_p), String(flow.resp_p)).slice(0, 16),
    ts: flow.ts + flow.duration,
    source,
    rule,
    orig_h: flow.orig_h,
    resp_h: flow.resp_h,
    orig_p: flow.orig_p,
    resp_p: flow.resp_p,
    score,
    evidence,
    model_version: `${name}@${live[name]!.version.version}`,
  });

  const predict = ({ model, encoder }: Live, rows: readonly FeatureRow[]): number => {
    const width = model.architecture.features;
    const x = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) encode(encoder, row, x, i * width);
    return model.predict({ x, rows: 1, steps: rows.length, features: width })[0]!;
  };

  const score = (name: ModelName, rows: readonly FeatureRow[]): number => {
    const from = clock?.();
    const answer = predict(live[name]!, rows);
    if (clock && from !== undefined) {
      took[name] = clock() - from;
      const swapped = begun[name];
      if (swapped) swapped.after = took[name];
      begun[name] = null;
    }
    return answer;
  };

  const judge = (flow: Flow): { step: Step; alerts: Alert[] } => {
    flows++;
    const alerts: Alert[] = [];
    const row = featurize(flow);
    const p = live.flow ? score('flow', [row]) : null;
    if (live.flow && p !== null) onScore?.({ name: 'flow', version: live.flow.version.version, score: p, rows: [row], flow });
    const step: Step = { flow, user: userOf(flow, by), row, score: p, scoredBy: live.flow?.version.version ?? null };
    if (p !== null && p >= alertAbove) {
      alerts.push(
        modelAlert('ANN', 'flow-score', step, 'flow', p, { service: row.service, conn_state: flow.conn_state, threshold: alertAbove }),
      );
    }
    const sequence = sequencer?.push(step.user, row);
    if (sequence && live.behaviour) {
      const p = score('behaviour', sequence.steps);
      onScore?.({ name: 'behaviour', version: live.behaviour.version.version, score: p, rows: sequence.steps, flow });
      if (p >= alertAbove) {
        const evidence = { user: step.user, flows: sequence.steps.length, first_flow: sequence.start, threshold: alertAbove };
        alerts.push(modelAlert('LSTM', 'sequence-score', step, 'behaviour', p, evidence));
      }
    }
    onStep?.(step);
    return { step, alerts };
  };

  const stored = (alert: Alert, step: Step | null): StoredAlert => ({
    ...alert,
    user: alert.orig_h === '*' ? '*' : (step?.user ?? alert.orig_h), // of many nobody is named, nor whose flow came last
    deployment,
    row: step?.row ?? null,
    truth: step?.flow.label,
  });

  return {
    observe(event) {
      const ruled = rules.observe(event);
      if (event.kind !== 'closed') return ruled.map((alert) => stored(alert, null));
      const { step, alerts } = judge(event.flow);
      return [
        ...ruled.map((alert) => stored(alert, implicates(alert, event.flow) ? step : null)),
        ...alerts.map((alert) => stored(alert, step)),
      ];
    },
    advance: (now) => (rules.advance?.(now) ?? []).map((alert) => stored(alert, null)),
    swap(version) {
      const { name } = version;
      const from = clock?.();
      const next = load(version);
      const old = live[name];
      const record: Mutable<SwapRecord> = { name, from: old?.version.version ?? null, to: version.version, afterFlow: flows };
      live[name] = next;
      if (name === 'behaviour' && version.sequence && JSON.stringify(version.sequence) !== JSON.stringify(old?.version.sequence)) {
        sequencer = createSequencer<FeatureRow>(version.sequence);
      }
      old?.model.dispose();
      if (clock && from !== undefined) {
        begun[name] = { before: took[name], during: clock() - from, after: null };
        record.latency = begun[name];
        took[name] = null;
      }
      return record;
    },
    live: (name) => live[name]?.version ?? null,
    dispose() {
      live.flow?.model.dispose();
      live.behaviour?.model.dispose();
      live.flow = null;
      live.behaviour = null;
    },
  };
}
