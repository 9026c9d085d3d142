import { number } from '../errors.js';
import type { FeatureRow } from '../feature.js';
import { type ConnState, connStates, type Flow } from '../flow.js';
import type { Source } from '../source.js';
import { amountOf, createIntern, microsOf } from './fields.js';
import { kddClass, kddColumns } from './kdd-columns.js';
import { bad, createRecordSource, type RecordFormat, type RecordOptions, type RowReader, userColumn } from './records.js';

export interface KddOptions extends RecordOptions {
  /** Capture time from one row to the next, microseconds; default one second, so that ten minutes of collection are 600 rows. */
  readonly rowMicros?: number;
}

/** Later than the longest duration (58,329 s), so that no start is negative. */
const FIRST_END = 100_000e6;

/**
 * Rows of NSL-KDD (41 features, label, difficulty; no header) or KDD-99 (41 features, label; header or none).
 * The 28 header-derived features go into `features` as they are; the 13 content features (10-22) are dropped; `attack` is the attack's name
 * (`kddClass` gives its class).
 *
 * The sets have neither addresses nor times. Every flow has the addresses 0.0.0.0 and ports 0; row n (from 1) *ends* at
 * 100,000 s + n * `rowMicros`, so ends are strictly increasing and starts are earlier by the duration. NSL-KDD is shuffled: judge it flow by
 * flow; a sequence of its rows means nothing.
 * @throws what `createRecordSource` throws; NL_NO_USER
 */
export function createKddSource(path: string, options: KddOptions = {}): Source {
  const step = number('rowMicros', options.rowMicros ?? 1e6, { min: 1, max: 1e9, integer: true });
  const format: RecordFormat = { what: 'NSL-KDD or KDD-99 rows', open: (note) => readRows(path, step, options.user, note) };
  return { ...createRecordSource(path, format, options), untimed: true };
}

const states = new Set<string>(connStates);
const COLUMNS = kddColumns.length;
const LABEL = COLUMNS;
const rates = kddColumns.map(({ name }) => name.endsWith('_rate'));

function readRows(path: string, step: number, user: string | undefined, note: (kind: string) => void): RowReader {
  const intern = createIntern();
  const names = [...kddColumns.map(({ name }) => name), 'label', 'difficulty'];
  const userAt = userColumn(path, names, user);
  let records = 0;
  const values = new Float64Array(COLUMNS);
  // Rows repeat a few thousand texts (0, 1.00, 255, …).
  const parsed = new Map<string, number>();
  const numberOf = (text: string): number => {
    const found = parsed.get(text);
    if (found !== undefined) return found;
    if (parsed.size >= 65536) parsed.clear();
    const value = amountOf(text);
    if (text.length <= 16) parsed.set(text, value);
    return value;
  };

  return (text) => {
    if (text === '') return null;
    const cells = text.split(',');
    if (records === 0 && cells[0] === 'duration') return null;
    records++;
    if (cells.length < COLUMNS + 1) return bad('missing fields');
    if (cells.length > COLUMNS + 2) return bad('extra fields');
    for (let i = 0; i < COLUMNS; i++) {
      const { feature } = kddColumns[i]!;
      if (feature === null) continue;
      if (i >= 1 && i <= 3) {
        if (!/^[A-Za-z][\w-]{0,30}$/.test(cells[i]!)) return bad(`bad ${feature}`);
        continue;
      }
      const value = numberOf(cells[i]!);
      if (Number.isNaN(value) || (value > 1 && rates[i])) return bad(`bad ${feature}`);
      values[i] = value;
    }
    const row = rowOf(values, intern(cells[1]!), intern(cells[2]!), intern(cells[3]!));
    if (!states.has(row.flag)) return bad('bad flag');
    const duration = microsOf(cells[0]!);
    if (!(duration <= FIRST_END)) return bad('bad duration');
    const name = cells[LABEL]!.trim().replace(/\.$/, '');
    if (!/^[a-z][\w-]{0,40}$/i.test(name)) return bad('bad label');
    if (kddClass(name) === 'unknown') note('attack of unknown class');
    const flow = flowOf(row, FIRST_END + records * step - duration, duration);
    const who = userAt < 0 ? {} : { user_id: intern(cells[userAt] ?? '') };
    return name === 'normal' ? { ...flow, ...who, label: 0 } : { ...flow, ...who, label: 1, attack: intern(name) };
  };
}

/** In one literal: an object grown key by key would take three times the room. */
const rowOf = (v: Float64Array, protocol_type: string, service: string, flag: string): FeatureRow => ({
  duration: v[0]!,
  protocol_type,
  service,
  flag,
  src_bytes: v[4]!,
  dst_bytes: v[5]!,
  land: v[6]!,
  wrong_fragment: v[7]!,
  urgent: v[8]!,
  count: v[22]!,
  srv_count: v[23]!,
  serror_rate: v[24]!,
  srv_serror_rate: v[25]!,
  rerror_rate: v[26]!,
  srv_rerror_rate: v[27]!,
  same_srv_rate: v[28]!,
  diff_srv_rate: v[29]!,
  srv_diff_host_rate: v[30]!,
  dst_host_count: v[31]!,
  dst_host_srv_count: v[32]!,
  dst_host_same_srv_rate: v[33]!,
  dst_host_diff_srv_rate: v[34]!,
  dst_host_same_src_port_rate: v[35]!,
  dst_host_srv_diff_host_rate: v[36]!,
  dst_host_serror_rate: v[37]!,
  dst_host_srv_serror_rate: v[38]!,
  dst_host_rerror_rate: v[39]!,
  dst_host_srv_rerror_rate: v[40]!,
});

/** KDD counts bytes, not packets. */
const flowOf = (row: FeatureRow, ts: number, duration: number): Flow => ({
  ts,
  duration,
  proto: row.protocol_type,
  service: row.service,
  orig_h: '0.0.0.0',
  orig_p: 0,
  resp_h: '0.0.0.0',
  resp_p: 0,
  conn_state: row.flag as ConnState,
  history: '',
  orig_pkts: 0,
  orig_bytes: row.src_bytes,
  orig_ip_bytes: row.src_bytes,
  resp_pkts: 0,
  resp_bytes: row.dst_bytes,
  resp_ip_bytes: row.dst_bytes,
  vlan: null,
  tunnel: null,
  wrong_fragment: row.wrong_fragment,
  urgent: row.urgent,
  end: 'recorded',
  features: row,
});

/** A row of such a file: 42 or 43 cells, the protocol second and the state fourth; or KDD-99's header. */
export function isKddRow(line: string): boolean {
  const cells = line.split(',');
  if (cells.length < COLUMNS + 1 || cells.length > COLUMNS + 2) return false;
  return (cells[0] === 'duration' && cells[1] === 'protocol_type') || (/^(tcp|udp|icmp)$/.test(cells[1]!) && states.has(cells[3]!));
}
