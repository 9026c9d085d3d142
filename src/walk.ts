import type { StoredAlert } from './alert.js';
import type { CaptureLoss } from './assemble.js';
import type { CycleJob, CycleResult, Trusted } from './cycle.js';
import type { Detector, SwapRecord } from './detector.js';
import type { TrafficEvent } from './flow.js';
import type { Learner, LearnerStatus } from './learner.js';
import type { ModelName } from './registry.js';
import type { Sample } from './samples.js';
import type { Source } from './source.js';
import { createTraffic, type TrafficOptions } from './traffic.js';
import type { TrustedStore } from './trusted.js';

/** One learner on the walk: its window, and the cycle that is under way. */
export interface Pupil {
  readonly learner: Learner;
  /** What its lineage carries; replaced when the first champion is deployed. */
  trusted: Trusted | null;
  /** How the champion's scores lay over the last window, for drift. */
  reference?: readonly number[] | null;
  /** What the learner remembers of the windows behind it. */
  memory?: readonly Sample[];
}

/** Golden sets and reservoirs as the learners hold them, and as they are stored. */
export const pupilsTrusted = (pupils: readonly Pupil[], store: TrustedStore): TrustedStore => ({
  load: async (name) => pupils.find(({ learner }) => learner.name === name)?.trusted ?? null,
  async save(name, trusted) {
    for (const pupil of pupils) if (pupil.learner.name === name) pupil.trusted = trusted;
    await store.save(name, trusted);
  },
});

export interface WalkProgress {
  /** 'collecting' while windows fill, 'training' while a cycle runs beside detection. */
  readonly stage: 'collecting' | 'training';
  /** Bytes of the source read, and in all (null for a wire). */
  readonly done: number;
  readonly total: number | null;
  /** Capture time, microseconds since the epoch. */
  readonly ts: number;
  readonly flows: number;
  readonly alerts: number;
  readonly loss: CaptureLoss;
  readonly learners: readonly LearnerStatus[];
}

/** 'off': it keeps nothing; 'manual': it collects, but its cycles wait to be asked for; 'now': one was asked for, which skips the interval only. */
export type LearningMode = 'off' | 'manual' | 'automatic' | 'now';

export interface WalkOptions {
  readonly sources: readonly Source[];
  readonly detector: Detector;
  readonly pupils: readonly Pupil[];
  readonly runCycle: (job: CycleJob) => Promise<CycleResult>;
  readonly traffic?: TrafficOptions;
  /** Seconds of capture time between the end of a window and the swap; a replay waits there for the cycle, a wire never waits. */
  readonly settle?: number;
  /** Awaited before the walk goes on to the next batch: an alert handed over is an alert kept. */
  readonly onAlerts?: (alerts: readonly StoredAlert[]) => Promise<unknown>;
  /** A window opens at this capture time (microseconds). */
  readonly onWindow?: (name: ModelName, cycle: number, from: number) => Promise<void>;
  readonly onCycle?: (result: CycleResult, swap: SwapRecord | null) => Promise<void>;
  readonly onProgress?: (progress: WalkProgress) => void;
  /** Somebody at the controls, asked on every turn; absent: every learner goes by itself. */
  readonly modeOf?: (name: ModelName) => LearningMode;
  readonly signal?: AbortSignal;
}

export interface WalkReport {
  readonly flows: number;
  readonly alerts: number;
  /** Capture time of the first and last event, microseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** What could not be used, by kind. */
  readonly ignored: Readonly<Record<string, number>>;
  readonly loss: CaptureLoss;
}

interface Pending {
  readonly promise: Promise<CycleResult>;
  result: CycleResult | null;
  readonly deployAt: number;
}

/**
 * The walk: traffic -> flows -> detector; every window a cycle beside it; every good challenger swapped in between two flows.
 * Replay and wire differ only in the source: a replay is held at `window end + settle` until the cycle is done, so that the same
 * capture gives the same alerts to the bit.
 */
export async function walk(options: WalkOptions): Promise<WalkReport> {
  const {
    detector,
    pupils,
    runCycle,
    settle = 30,
    onAlerts = async () => {},
    onCycle = async () => {},
    onWindow = async () => {},
    onProgress,
    modeOf = () => 'automatic',
    signal,
  } = options;
  const pending = new Map<ModelName, Pending>();
  let alerts = 0;
  let flows = 0;
  let from = 0;
  let to = 0;

  const raised: StoredAlert[] = [];
  const take = (found: readonly StoredAlert[]): void => {
    if (found.length === 0) return;
    alerts += found.length;
    raised.push(...found);
    for (const { learner } of pupils) {
      if (modeOf(learner.name) !== 'off') for (const alert of found) learner.alert(alert);
    }
  };
  /** `ended`: nothing more will come, so the interval is no reason to wait. */
  const isDue = ({ learner }: Pupil, ts: number, ended = false): boolean => {
    const mode = modeOf(learner.name);
    return mode === 'now' || (mode === 'automatic' && ended) ? learner.due(ts, true) : mode === 'automatic' && learner.due(ts);
  };
  const deliver = async (): Promise<void> => {
    if (raised.length > 0) await onAlerts(raised.splice(0));
  };
  const handle = (event: TrafficEvent): void => {
    if (event.kind === 'closed') flows++;
    take(detector.observe(event));
  };
  const traffic = createTraffic(handle, options.traffic);

  const open = async ({ learner }: Pupil, ts: number): Promise<void> => {
    const { name, cycle } = learner.status(ts);
    await onWindow(name, cycle, ts);
  };
  const start = (pupil: Pupil, ts: number): void => {
    const job = {
      ...pupil.learner.take(ts, pupil.trusted),
      reference: pupil.reference,
      ...(pupil.memory && pupil.memory.length > 0 && { memory: pupil.memory }),
    };
    const entry: Pending = { promise: runCycle(job), result: null, deployAt: ts + settle * 1e6 };
    entry.promise.then(
      (result) => (entry.result = result),
      () => {}, // a broken port surfaces where the cycle is awaited
    );
    pending.set(job.learner, entry);
  };
  const finish = async (pupil: Pupil, name: ModelName): Promise<void> => {
    const result = await pending.get(name)!.promise;
    pending.delete(name);
    if (result.trusted) pupil.trusted = result.trusted;
    pupil.reference = result.reference;
    pupil.memory = result.memory ?? pupil.memory;
    if (result.record.epochs.length > 0) pupil.learner.trained();
    await onCycle(result, result.version ? detector.swap(result.version) : null);
  };
  const turn = async (ts: number, wire: boolean): Promise<void> => {
    await deliver(); // what was seen is kept before anything is learnt from it
    for (const pupil of pupils) {
      const { name } = pupil.learner.status(ts);
      const cycle = pending.get(name);
      const due = isDue(pupil, ts);
      if (cycle && (wire ? cycle.result !== null : ts >= cycle.deployAt || due)) await finish(pupil, name);
      if (due && !pending.has(name)) {
        start(pupil, ts);
        await open(pupil, ts);
      }
    }
  };
  const begin = async (ts: number): Promise<void> => {
    from = ts;
    for (const pupil of pupils) await open(pupil, ts);
  };
  const pass = async (ts: number, wire: boolean): Promise<void> => {
    traffic.expire(ts);
    take(detector.advance(ts));
    await turn(ts, wire);
  };
  const restless = (ts: number): boolean => pending.size > 0 || pupils.some((pupil) => isDue(pupil, ts));

  const replay = async (source: Source): Promise<void> => {
    let done = 0;
    let total: number | null = null;
    traffic.begin(source);
    const read = source.read({ signal, onProgress: (d, t) => ([done, total] = [d, t]) });
    for await (const batch of read) {
      signal?.throwIfAborted();
      if (batch.kind === 'flows') {
        for (const flow of batch.flows) {
          const ts = flow.ts + flow.duration;
          to = Math.max(to, ts);
          if (from === 0) await begin(ts);
          if (restless(to)) await turn(to, source.live === true);
          traffic.flow(flow);
        }
      } else {
        for (let i = 0; i < batch.count; i++) {
          const ts = batch.ts[i]!;
          if (from === 0) await begin(ts);
          // Cycles turn on whole seconds of capture time: cheap to ask, and the same for every batch size.
          if (Math.floor(ts / 1e6) > Math.floor(to / 1e6)) await pass(ts, source.live === true);
          if (ts > to) to = ts;
          traffic.frame(batch, i);
        }
        if (batch.now !== undefined && batch.now > to) {
          if (from === 0) await begin(batch.now);
          await pass(batch.now, source.live === true);
          to = batch.now;
        }
      }
      await deliver();
      // A quiet wire still takes orders, and still puts live what it learnt.
      if (source.live && from > 0) await turn(to, true);
      const stage = pending.size > 0 ? 'training' : 'collecting';
      onProgress?.({ stage, done, total, ts: to, flows, alerts, loss: traffic.loss(), learners: pupils.map((p) => p.learner.status(to)) });
    }
  };

  try {
    for (const source of options.sources) await replay(source);
  } catch (error) {
    // A source that breaks off has still delivered what came before it broke, and nothing goes on writing behind the caller's back.
    try {
      traffic.flush();
      await deliver();
    } finally {
      await Promise.allSettled([...pending.values()].map(({ promise }) => promise));
    }
    throw error;
  }
  traffic.flush();
  await deliver();
  for (const pupil of pupils) {
    const { name } = pupil.learner.status(to);
    if (pending.has(name)) await finish(pupil, name);
    // The source has ended: what stands in the window is learnt from if it is enough.
    if (!isDue(pupil, to, true)) continue;
    start(pupil, to);
  }
  for (const pupil of pupils) {
    const { name } = pupil.learner.status(to);
    if (pending.has(name)) await finish(pupil, name);
  }
  const ignored: Record<string, number> = { ...traffic.ignored() };
  for (const { kind, count } of options.sources.flatMap((source) => source.damage())) ignored[kind] = (ignored[kind] ?? 0) + count;
  return { flows, alerts, from, to, ignored, loss: traffic.loss() };
}
