import { NetloopError } from '../errors.js';
import type { Flow } from '../flow.js';
import { openBytes } from './compressed.js';

/** One attack flow as the attacking process made it: its packets lie in [first, last], microseconds since the epoch. */
export interface TruthRow {
  readonly first_us: number;
  readonly last_us: number;
  /** As in `Flow.proto`. */
  readonly proto: string;
  readonly orig_h: string;
  readonly orig_p: number;
  readonly resp_h: string;
  readonly resp_p: number;
  /** The kind of attack, e.g. 'syn-scan'. */
  readonly attack: string;
  /** Number of the attack in events.tsv. */
  readonly event: number;
}

export interface FlowTruth {
  /** 1 and the attack's name where a process known to attack sent one of the flow's packets; else 0. */
  labelOf(flow: Flow): { readonly label: 0 | 1; readonly attack?: string };
  readonly rows: number;
}

const columns = ['first_us', 'last_us', 'proto', 'orig_h', 'orig_p', 'resp_h', 'resp_p', 'attack', 'event'] as const;

/**
 * A flow and a truth row overlap if their times do, give or take this, microseconds: capture points differ by less than a millisecond,
 * and no process reuses another's five-tuple within a second.
 */
export const TOLERANCE = 1_000_000;

export const formatTruth = (rows: readonly TruthRow[]): string =>
  `${[columns.join('\t'), ...rows.map((row) => columns.map((name) => row[name]).join('\t'))].join('\n')}\n`;

/**
 * Reads the text of a truth.tsv. Columns are found by name, so further ones may stand beside them; `event` may be missing.
 * @throws NL_FILE_FORMAT for a missing column, NL_FILE_CORRUPT for a row that is no truth, with its number
 */
export function parseTruth(text: string, name = 'truth.tsv'): TruthRow[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const head = (lines[0] ?? '').split('\t');
  const at = Object.fromEntries(columns.map((column) => [column, head.indexOf(column)])) as Record<(typeof columns)[number], number>;
  const absent = columns.filter((column) => column !== 'event' && at[column] < 0);
  if (absent.length > 0) {
    throw new NetloopError('NL_FILE_FORMAT', `${name} has no column ${absent.join(', ')}; its first line must name ${columns.join(', ')}`, {
      where: { file: name, row: 1 },
    });
  }
  const rows: TruthRow[] = [];
  for (let i = 1; i < lines.length; i++) {
    if (lines[i] === '') continue;
    const cells = lines[i]!.split('\t');
    const cell = (column: (typeof columns)[number]): string => cells[at[column]] ?? '';
    const whole = (column: (typeof columns)[number]): number => (/^\d{1,16}$/.test(cell(column)) ? Number(cell(column)) : Number.NaN);
    const row: TruthRow = {
      first_us: whole('first_us'),
      last_us: whole('last_us'),
      proto: cell('proto'),
      orig_h: cell('orig_h'),
      orig_p: whole('orig_p'),
      resp_h: cell('resp_h'),
      resp_p: whole('resp_p'),
      attack: cell('attack'),
      event: at.event < 0 ? -1 : whole('event'),
    };
    const sound = row.last_us >= row.first_us && row.orig_p <= 65535 && row.resp_p <= 65535 && !Number.isNaN(row.event);
    if (!sound || row.proto === '' || row.orig_h === '' || row.resp_h === '' || row.attack === '') {
      throw new NetloopError('NL_FILE_CORRUPT', `${name}: line ${i + 1} is no truth: ${lines[i]!.slice(0, 120)}`, {
        where: { file: name, row: i + 1 },
      });
    }
    rows.push(row);
  }
  return rows;
}

const key = (proto: string, a: string, ap: number, b: string, bp: number): string => `${proto} ${a} ${ap} ${b} ${bp}`;

/**
 * Truth to ask by flow: five-tuple in either direction and overlapping time, one hash look-up and a binary search.
 * @throws what `parseTruth` throws
 * @example createTruth(text).labelOf(flow)  // { label: 1, attack: 'ssh-guess' }
 */
export function createTruth(text: string, name?: string): FlowTruth {
  const rows = parseTruth(text, name).sort((a, b) => a.first_us - b.first_us);
  const byTuple = new Map<string, TruthRow[]>();
  for (const row of rows) {
    const tuple = key(row.proto, row.orig_h, row.orig_p, row.resp_h, row.resp_p);
    const known = byTuple.get(tuple);
    if (known === undefined) byTuple.set(tuple, [row]);
    else known.push(row);
  }
  /** Rows of one tuple do not overlap, so the last one that begins before the flow ends decides. */
  const find = (spans: readonly TruthRow[] | undefined, from: number, to: number): TruthRow | undefined => {
    if (spans === undefined) return undefined;
    let low = 0;
    let high = spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (spans[middle]!.first_us - TOLERANCE <= to) low = middle + 1;
      else high = middle;
    }
    const row = spans[low - 1];
    return row !== undefined && row.last_us + TOLERANCE >= from ? row : undefined;
  };
  return {
    rows: rows.length,
    labelOf(flow) {
      const to = flow.ts + flow.duration;
      const row =
        find(byTuple.get(key(flow.proto, flow.orig_h, flow.orig_p, flow.resp_h, flow.resp_p)), flow.ts, to) ??
        find(byTuple.get(key(flow.proto, flow.resp_h, flow.resp_p, flow.orig_h, flow.orig_p)), flow.ts, to);
      return row === undefined ? { label: 0 } : { label: 1, attack: row.attack };
    },
  };
}

/**
 * Reads a truth.tsv, plain or compressed (.xz, .gz, .zst).
 * @throws what `openBytes` and `parseTruth` throw
 * @example const truth = await openTruth('datasets/lab/day1/truth.tsv.xz')
 */
export async function openTruth(path: string): Promise<FlowTruth> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of (await openBytes(path)).chunks) text += decoder.decode(chunk, { stream: true });
  return createTruth(text + decoder.decode(), path);
}
