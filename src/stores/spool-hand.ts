import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Code } from '../errors.js';
import type { Tracking } from '../tracking.js';
import type { RunIds } from './run-ids.js';
import { bundle, handEntry, refused, spoolEntry, spoolLine } from './spool-entry.js';
import type { SpoolFile } from './spool-file.js';
import { isLocal, mostTogether, together } from './spool-local.js';

export interface HandOptions {
  /** Where refused entries are kept, in `rejected.jsonl`. */
  readonly dir: string;
  readonly store: () => Tracking;
  readonly ids: RunIds;
  readonly warn: (code: Code, message: string) => void;
  readonly onStarted: (id: string) => void;
}

/** Hands over the oldest lines: those that go in one call, or in one transaction; gives how many they were. */
export type Hand = (lines: readonly string[], file: SpoolFile) => Promise<number>;

/** @throws from the hand: whatever says that the store is out; then nothing was taken, and the same lines may be handed over again */
export function createHand({ dir, store, ids, warn, onStarted }: HandOptions): Hand {
  // Lines that go one by one, because among them is one that the store refuses.
  let singly = 0;

  function reject(line: string, code: Code, why: string): void {
    const file = join(dir, 'rejected.jsonl');
    appendFileSync(file, `${JSON.stringify({ line, code, reason: why })}\n`);
    warn(code, `an entry that had waited cannot be stored and is kept in ${file}: ${why}`);
  }

  /** Hands one entry over; what is refused for good is set aside, so that nothing behind it has to wait. */
  async function handOver(line: string, file: SpoolFile): Promise<void> {
    const entry = spoolEntry(line);
    if (entry === null) return reject(line, 'NL_FILE_CORRUPT', 'the line is damaged');
    try {
      const given = await handEntry(entry, store(), ids.real, file.read);
      if (entry.op === 'start' && given !== null) ids.set(entry.id, given);
      if (entry.op === 'start') onStarted(entry.id);
    } catch (error) {
      if (!refused(error)) throw error;
      reject(line, error.code, error.message);
      // A changed param must not cost the metrics that were logged with it.
      if (entry.op === 'log' && entry.entries.params)
        await handOver(spoolLine({ ...entry, entries: { ...entry.entries, params: undefined } }), file);
    }
  }

  return async (lines, file) => {
    const local = store();
    const many = singly === 0 && isLocal(local) ? mostTogether(lines) : [];
    if (isLocal(local) && many.length > 1) {
      try {
        await together(many, local, ids);
        for (const entry of many) if (entry.op === 'start') onStarted(entry.id);
        return many.length;
      } catch (error) {
        if (!refused(error)) throw error;
        singly = many.length;
      }
    }
    if (singly > 0) {
      await handOver(lines[0]!, file);
      singly--;
      return 1;
    }
    const found = lines.length > 1 ? bundle(lines) : null;
    if (found !== null && found.lines > 1) {
      try {
        await handEntry(found.entry, store(), ids.real, file.read);
        return found.lines;
      } catch (error) {
        if (!refused(error)) throw error;
        // One of them is at fault: they go alone until it is found.
      }
    }
    await handOver(lines[0]!, file);
    return 1;
  };
}
