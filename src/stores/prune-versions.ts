import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Promotion } from '../registry.js';
import { waysBack } from '../registry.js';
import { appendDurably, syncFolder } from './durable-file.js';
import { versionNumbers } from './version-files.js';

export interface PruneOptions {
  /** Newest versions that stay, and ways back from the champion that stay beside them. */
  readonly keep: number;
  /** What is live; null for nothing. */
  readonly champion: number | null;
  readonly parentOf: (version: number) => number | null;
  readonly trail: readonly Promotion[];
  /** ISO, for the record. */
  readonly at: string;
}

/** Versions that nobody needs any more: neither among the newest, nor the champion, nor one that a rollback could come to. */
export function superfluous(numbers: readonly number[], { keep, champion, parentOf, trail }: Omit<PruneOptions, 'at'>): number[] {
  const newest = numbers.slice(-Math.max(1, keep));
  const back = champion === null ? [] : [champion, ...waysBack(champion, parentOf, trail).slice(0, keep)];
  const needed = new Set([...newest, ...back]);
  return numbers.filter((number) => !needed.has(number));
}

/**
 * Removes superfluous versions from a model's folder: out of sight in one rename, then deleted. Which went, and when, is a line each in
 * `pruned.jsonl`. To be called under the model's lock.
 */
export function pruneVersions(folder: string, options: PruneOptions): readonly number[] {
  const gone = superfluous(versionNumbers(folder), options);
  for (const version of gone) {
    appendDurably(join(folder, 'pruned.jsonl'), `${JSON.stringify({ at: options.at, version, parent: options.parentOf(version) })}\n`);
    // The name of a half-written version: what a killed process leaves of it is swept away by the next.
    const hidden = join(folder, `.put-${process.pid}-${randomBytes(6).toString('hex')}`);
    renameSync(join(folder, String(version)), hidden);
    syncFolder(folder);
    rmSync(hidden, { recursive: true, force: true });
  }
  return gone;
}
