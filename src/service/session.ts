import type { Detector } from '../detector.js';
import { isNetloopError } from '../errors.js';
import {
  type Controls,
  type ExperimentPorts,
  type ExperimentReport,
  type LearningSpec,
  runExperiment,
  type TimedCycle,
} from '../experiment.js';
import type { Learner } from '../learner.js';
import type { ModelName } from '../registry.js';
import type { Source } from '../source.js';
import type { Spec } from '../spec.js';
import type { DatasetInput } from '../tracking.js';
import type { LearningMode, WalkProgress } from '../walk.js';
import { paceSource, type Speed } from './pace.js';

/** One sniffer from its start to its end: a source, the detector that watches it, the learners beside it. Recorded as one run. */
export interface Session {
  /** Null until the detector is loaded. */
  detector(): Detector | null;
  learners(): readonly Learner[];
  /** Null until the first batch. */
  progress(): WalkProgress | null;
  /** Erases a user from what is held in memory. */
  erase(user: string): void;
  /** Ends the source. Cycles under way finish; no new one begins. */
  stop(): void;
  stopping(): boolean;
  /** Resolves when everything is recorded; never rejects. */
  readonly ended: Promise<{
    readonly error: { readonly code: string; readonly message: string } | null;
    /** Flows and alerts, those still open at the end included; null when it broke. */
    readonly report: Pick<ExperimentReport, 'flows' | 'alerts'> | null;
  }>;
}

export interface SessionOptions {
  readonly spec: Spec;
  readonly ports: ExperimentPorts;
  readonly source: Source;
  readonly datasets: readonly DatasetInput[];
  readonly speed: Speed;
  /** Aborting it ends the source like the end of a file. */
  readonly stop: AbortController;
  readonly modeOf: (name: ModelName) => LearningMode;
  readonly settings: () => LearningSpec;
  readonly onCycle: (cycle: TimedCycle) => void;
}

/** Starts to watch. Resolves when the detector is loaded and events may come. @throws what opening the run or loading a champion throws */
export async function startSession({
  spec,
  ports,
  source,
  datasets,
  speed,
  stop,
  modeOf,
  settings,
  onCycle,
}: SessionOptions): Promise<Session> {
  let live: Parameters<Controls['ready']>[0] | null = null;
  let progress: WalkProgress | null = null;
  let ready: () => void = () => {};
  const loaded = new Promise<void>((resolve) => (ready = resolve));

  const running = runExperiment(spec, {
    ...ports,
    open: async () => ({ sources: [paceSource(source, { speed, stop: stop.signal })], datasets }),
    environment: { ...ports.environment, 'netloop.by-hand': 'true' },
    onProgress: (now) => (progress = now),
    onCycle,
    controls: {
      modeOf: (name) => (stop.signal.aborted ? 'off' : modeOf(name)),
      settings,
      ready(found) {
        live = found;
        ready();
      },
    },
  });
  const ended = running.then(
    ({ flows, alerts }) => ({ error: null, report: { flows, alerts } }),
    (error: unknown) => ({
      error: {
        code: isNetloopError(error) ? error.code : 'NL_INTERNAL',
        message: error instanceof Error ? error.message : String(error),
      },
      report: null,
    }),
  );
  await Promise.race([loaded, running]);
  void ended.then(() => (live = null)); // its models are disposed of
  return {
    detector: () => live?.detector ?? null,
    learners: () => live?.learners ?? [],
    progress: () => progress,
    erase: (user) => live?.erase(user, progress?.ts ?? 0),
    stop: () => stop.abort(),
    stopping: () => stop.signal.aborted,
    ended,
  };
}
