import { NetloopError, number } from '../errors.js';
import type { Flow } from '../flow.js';
import type { Flows, ReadOptions, Source } from '../source.js';
import { openBytes } from './compressed.js';
import { createDamageCounts } from './damage-counts.js';
import { readLines } from './lines.js';

/** A line that gives no flow. `bad`: it should have; else it is left out by intent (an ARP row). The kind is counted as damage. */
export interface Refused {
  readonly bad: boolean;
  readonly kind: string;
}
export const bad = (kind: string): Refused => ({ bad: true, kind });
export const skipped = (kind: string): Refused => ({ bad: false, kind: `skipped: ${kind}` });

/** Reads the lines of one file in order: a flow, a refusal, or null for what is no record (header, comment, empty line). */
export type RowReader = (text: string, row: number) => Flow | Refused | null;

/** One kind of text file with a flow a line. */
export interface RecordFormat {
  /** For messages: `Zeek conn.log`. */
  readonly what: string;
  /** A reader for one pass. `note` counts an oddity of a row that is kept. May throw NL_NO_USER and NL_FILE_FORMAT at the header. */
  open(note: (kind: string) => void): RowReader;
}

export interface RecordOptions {
  /** Column whose value becomes `user_id`. */
  readonly user?: string;
  /** Flows a batch, at least 1,000; default 2,000. */
  readonly batch?: number;
}

/** So many records are looked at before the first batch goes out: a file most of which is unreadable is of another kind. */
const TRIAL = 1000;

const isRefused = (made: Flow | Refused): made is Refused => 'bad' in made;

/**
 * A source over a text file (plain, .gz, .xz, .zst) with a flow a line.
 * Bad rows are counted by kind and left out, unless they are more than half of the first 1,000 records.
 * @throws NL_FILE_FORMAT, NL_FILE_EMPTY, NL_FILE_MISSING, NL_NO_USER before the first batch; NL_FILE_CORRUPT after the last good one
 */
export function createRecordSource(path: string, format: RecordFormat, options: RecordOptions = {}): Source {
  const batch = number('batch', options.batch ?? 2000, { min: TRIAL, max: 1_000_000, integer: true });
  const damage = createDamageCounts();

  async function* read({ signal, onProgress }: ReadOptions = {}): AsyncGenerator<Flows> {
    damage.clear();
    let row = 0;
    let records = 0;
    let badRows = 0;
    let given = 0;
    let firstBad = '';
    let flows: Flow[] = [];
    const reader = format.open((kind) => damage.add(kind, `row ${row}`));
    const stream = await openBytes(path, { signal });
    const judge = (): void => {
      if (badRows * 2 <= records) return;
      const message = `${path}: ${badRows} of the first ${records} records do not read as ${format.what} (first: ${firstBad})`;
      throw new NetloopError('NL_FILE_FORMAT', `${message}; name the right kind of source or repair the file`, {
        where: { file: path, row },
      });
    };
    const hand = (): Flows => {
      const full = flows;
      given += full.length;
      flows = [];
      onProgress?.(stream.stored(), stream.total);
      return { kind: 'flows', flows: full };
    };
    try {
      for await (const lines of readLines(stream)) {
        for (const line of lines) {
          row = line.row;
          const made = line.tooLong ? bad('line too long') : reader(line.text, row);
          if (made === null) continue;
          records++;
          if (isRefused(made)) {
            damage.add(made.kind, `row ${row}`);
            if (made.bad) {
              firstBad ||= `row ${row}, ${made.kind}`;
              badRows++;
            }
          } else flows.push(made);
          if (records === TRIAL) judge();
          if (flows.length >= batch) yield hand();
        }
      }
    } catch (error) {
      if (
        error instanceof NetloopError &&
        error.code === 'NL_FILE_CORRUPT' &&
        flows.length > 0 &&
        (records >= TRIAL || badRows * 2 <= records)
      )
        yield hand();
      throw error;
    }
    if (records < TRIAL) judge();
    if (flows.length > 0) yield hand();
    if (given > 0) return;
    const counted = damage.list().map(({ kind, count }) => `${count} ${kind}`);
    const why = records > 0 ? `none of its ${records} records gives a flow (${counted.join(', ')})` : 'it holds no records';
    throw new NetloopError('NL_FILE_EMPTY', `${path}: ${why}`, { where: { file: path, row } });
  }

  return { name: path, yields: 'flows', read, damage: damage.list };
}

/** The column's place, or the coded answer that lists the columns there are. */
export function userColumn(path: string, columns: readonly string[], user: string | undefined): number {
  if (user === undefined) return -1;
  const at = columns.indexOf(user);
  if (at >= 0) return at;
  const there = columns.length > 60 ? [...columns.slice(0, 60), '…'] : columns;
  throw new NetloopError('NL_NO_USER', `${path}: no column ${user}; there are ${there.join(', ')}`, {
    where: { file: path, column: user },
  });
}
