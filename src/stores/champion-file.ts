import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Promotion } from '../registry.js';
import { appendDurably, replaceDurably } from './durable-file.js';

/** A promotion with its place in the audit trail: 1, 2, 3 … */
interface Entry extends Promotion {
  readonly seq: number;
}

/** What is live, and all that ever was: `champion.json` beside `promotions.jsonl`. Writes belong under the model's lock. */
export interface ChampionFile {
  /** The last promotion, or null. */
  current(): Promotion | null;
  /** All promotions, oldest first. */
  trail(): readonly Promotion[];
  set(promotion: Promotion): void;
}

/**
 * The pointer is replaced in one step and is the truth; its line in the trail follows. A process killed between the two
 * leaves a trail that is one line short (or ends in a torn line), which reading fills in and the next write repairs.
 */
export function createChampionFile(folder: string): ChampionFile {
  const pointer = join(folder, 'champion.json');
  const trailFile = join(folder, 'promotions.jsonl');

  function pointed(): Entry | null {
    try {
      const entry = JSON.parse(readFileSync(pointer, 'utf8')) as Entry;
      return Number.isInteger(entry?.to) && Number.isInteger(entry?.seq) ? entry : null;
    } catch {
      return null;
    }
  }

  /** Whole lines only: where they end, and what they say. */
  function lines(): { entries: Entry[]; end: number; size: number } {
    if (!existsSync(trailFile)) return { entries: [], end: 0, size: 0 };
    const bytes = readFileSync(trailFile);
    const end = bytes.lastIndexOf(10) + 1;
    const entries: Entry[] = [];
    for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
      try {
        if (line !== '') entries.push(JSON.parse(line) as Entry);
      } catch {
        // A line damaged by hand is passed by: the trail is evidence, and the rest of it still counts.
      }
    }
    return { entries, end, size: bytes.length };
  }

  const all = (): Entry[] => {
    const { entries } = lines();
    const last = pointed();
    return last && last.seq > (entries.at(-1)?.seq ?? 0) ? [...entries, last] : entries;
  };
  const plain = ({ seq: _, ...promotion }: Entry): Promotion => promotion;
  const append = (entry: Entry): void => appendDurably(trailFile, `${JSON.stringify(entry)}\n`);

  return {
    current: () => {
      const last = pointed() ?? lines().entries.at(-1);
      return last ? plain(last) : null;
    },
    trail: () => all().map(plain),
    set: (promotion) => {
      const { entries, end, size } = lines();
      const last = pointed();
      if (end < size) truncateSync(trailFile, end);
      const missing = last && last.seq > (entries.at(-1)?.seq ?? 0) ? last : null;
      if (missing) append(missing);
      const entry = { ...promotion, seq: ((missing ?? entries.at(-1))?.seq ?? 0) + 1 };
      replaceDurably(pointer, `${JSON.stringify(entry, null, 2)}\n`);
      append(entry);
    },
  };
}
