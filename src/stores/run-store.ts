import type { RunLog, RunStart, Tracking } from '../tracking.js';
import type { AliasReader, ModelMirror } from './model-mirror.js';

/** One point of a metric's history. */
export interface MetricPoint {
  readonly value: number;
  readonly step: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** Where runs lie, embedded or on a server: the port, plus what reading them back takes, and the model pages beside them. */
export interface RunStore extends Tracking, ModelMirror, AliasReader {
  /** The folder, or the server's address. */
  readonly place: string;
  /** Every value of one metric, by step and time. */
  history(run: string, key: string): Promise<readonly MetricPoint[]>;
  /** Every run's id and name, newest first, without what is attached to them; the parent of a nested run. */
  names(): Promise<readonly { readonly id: string; readonly name: string; readonly parent: string | null }[]>;
  /** Paths of the run's files, sorted. */
  artifacts(run: string): Promise<readonly string[]>;
  /** @throws NL_FILE_MISSING, NL_RUN_UNKNOWN */
  readArtifact(run: string, path: string): Promise<Uint8Array>;
  close(): void;
}

/** The calls that may share a transaction. */
export interface RunCalls {
  start(run: RunStart): string;
  log(run: string, entries: RunLog): void;
  finish(run: string, status: 'FINISHED' | 'FAILED' | 'KILLED', endTime: number): void;
}

/** A store on this machine, which takes many calls in one transaction. */
export interface LocalTracking extends Tracking {
  /** Whether `start` would begin such a run; looks only. @throws NL_OPTION, NL_RUN_UNKNOWN for a parent, NL_BUSY */
  admit(start: RunStart): void;
  /** Makes the calls: all of them or none. @throws NL_BUSY, and what the calls throw */
  together(calls: (write: RunCalls) => void): Promise<void>;
}
