import { appendFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { createMask, type Mask } from '../privacy.js';
import type { EventHub } from './events.js';

export type Level = 'info' | 'warn' | 'error';

/** Lines of JSON: `{"at":"2026-…","level":"info","event":"cycle",…}`. */
export interface Log {
  write(level: Level, event: string, data?: Readonly<Record<string, unknown>>): void;
}

/**
 * A log file that turns over: when a line would make it larger than `maxBytes`, `file` becomes `file.1`, `file.1` becomes `file.2`, and the
 * oldest beyond `keep` goes. A line that cannot be written is lost, never the service; `onLost` hears of the first.
 */
export function createLog({
  file,
  maxBytes = 10 * 2 ** 20,
  keep = 5,
  mask = createMask({ mode: 'truncate' }),
  now = Date.now,
  onLost = () => {},
}: {
  readonly file: string;
  readonly maxBytes?: number;
  readonly keep?: number;
  /** What is done with addresses that stray into a message. */
  readonly mask?: Pick<Mask, 'text'>;
  readonly now?: () => number;
  readonly onLost?: (error: unknown) => void;
}): Log {
  mkdirSync(dirname(file), { recursive: true });
  let size = sizeOf(file);
  let lost = false;

  function turnOver(): void {
    rmSync(`${file}.${keep}`, { force: true });
    for (let n = keep - 1; n >= 0; n--) {
      const from = n === 0 ? file : `${file}.${n}`;
      if (sizeOf(from) > 0) renameSync(from, `${file}.${n + 1}`);
    }
    size = 0;
  }

  return {
    write(level, event, data = {}) {
      const text = mask.text(JSON.stringify({ level, event, ...data }));
      const line = `{"at":"${new Date(now()).toISOString()}",${text.slice(1)}\n`;
      const bytes = Buffer.byteLength(line);
      try {
        if (size > 0 && size + bytes > maxBytes) turnOver();
        appendFileSync(file, line);
        size += bytes;
        lost = false;
      } catch (error) {
        if (!lost) onLost(error);
        lost = true;
      }
    },
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Writes down what happens: everything but single alerts, which have a store of their own. */
export function logEvents(events: EventHub, log: Log): void {
  events.listen(({ kind, data }) => {
    if (kind === 'cycle' || kind === 'sniffer') log.write('info', kind, data);
    if (kind === 'config') log.write('info', kind, { changes: data });
    if (kind === 'health') log.write('warn', kind, data);
  });
}
