/** A data set that went into a run. */
export interface DatasetInput {
  readonly name: string;
  /** SHA-256, hex. */
  readonly sha256: string;
  readonly source: string;
  readonly context?: 'training' | 'validation' | 'test';
}

export interface Metric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
}

export interface RunStart {
  readonly experiment: string;
  readonly name: string;
  /** Run id of the experiment's run, for a cycle's nested run. */
  readonly parent?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface RunLog {
  readonly params?: Readonly<Record<string, string>>;
  readonly metrics?: readonly Metric[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly datasets?: readonly DatasetInput[];
}

export interface RunInfo extends RunStart {
  readonly id: string;
  readonly status: 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly endTime: number | null;
  readonly params: Readonly<Record<string, string>>;
  /** Latest value of each key. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** Where runs are recorded, in MLflow's terms: the embedded store, or a server. */
export interface Tracking {
  /** Returns the run's id (32 hex digits). */
  start(run: RunStart): Promise<string>;
  log(run: string, entries: RunLog): Promise<void>;
  /** Stores a file under the run. */
  artifact(run: string, path: string, bytes: Uint8Array | string): Promise<void>;
  finish(run: string, status: 'FINISHED' | 'FAILED' | 'KILLED'): Promise<void>;
  /** Runs, newest first; `parent: null` gives top-level runs only. */
  runs(filter?: { experiment?: string; parent?: string | null; id?: string; limit?: number }): Promise<readonly RunInfo[]>;
}
