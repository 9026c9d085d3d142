import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { appendDurably } from './durable-file.js';

/** Ids of runs that were begun during an outage: ours, and the one the store chose when it was told. */
export interface RunIds {
  /** The store's id of a run. */
  real(id: string): string;
  /** Remembers for good what the store chose. */
  set(id: string, given: string): void;
}

/** Opens the file of known ids (one JSON pair a line; made when there is something to remember). */
export function createRunIds(file: string): RunIds {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const ids = new Map(lines.map((line) => JSON.parse(line) as [string, string]));
  return {
    real: (id) => ids.get(id) ?? id,
    set: (id, given) => {
      if (given === (ids.get(id) ?? id)) return;
      mkdirSync(dirname(file), { recursive: true });
      appendDurably(file, `${JSON.stringify([id, given])}\n`);
      ids.set(id, given);
    },
  };
}
