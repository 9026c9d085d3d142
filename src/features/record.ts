import type { FeatureName, FeatureRow } from '../feature.js';
import type { Flow } from '../flow.js';

export type Kind = 'text' | 'integer' | 'number';

/** Zeek's conn.log names, in the order in which `netloop flows` writes them. `ts` and `duration` are seconds. */
export const flowColumns = [
  ['ts', 'number'],
  ['duration', 'number'],
  ['proto', 'text'],
  ['service', 'text'],
  ['orig_h', 'text'],
  ['orig_p', 'integer'],
  ['resp_h', 'text'],
  ['resp_p', 'integer'],
  ['conn_state', 'text'],
  ['history', 'text'],
  ['orig_pkts', 'integer'],
  ['orig_bytes', 'integer'],
  ['orig_ip_bytes', 'integer'],
  ['resp_pkts', 'integer'],
  ['resp_bytes', 'integer'],
  ['resp_ip_bytes', 'integer'],
  ['vlan', 'integer'],
] as const satisfies readonly (readonly [keyof Flow, Kind])[];

const kinds = {
  duration: 'number',
  protocol_type: 'text',
  service: 'text',
  flag: 'text',
  src_bytes: 'integer',
  dst_bytes: 'integer',
  land: 'integer',
  wrong_fragment: 'integer',
  urgent: 'integer',
  count: 'integer',
  srv_count: 'integer',
  serror_rate: 'number',
  srv_serror_rate: 'number',
  rerror_rate: 'number',
  srv_rerror_rate: 'number',
  same_srv_rate: 'number',
  diff_srv_rate: 'number',
  srv_diff_host_rate: 'number',
  dst_host_count: 'integer',
  dst_host_srv_count: 'integer',
  dst_host_same_srv_rate: 'number',
  dst_host_diff_srv_rate: 'number',
  dst_host_same_src_port_rate: 'number',
  dst_host_srv_diff_host_rate: 'number',
  dst_host_serror_rate: 'number',
  dst_host_srv_serror_rate: 'number',
  dst_host_rerror_rate: 'number',
  dst_host_srv_rerror_rate: 'number',
} as const satisfies Record<FeatureName, Kind>;

/** The 28 KDD columns carry the prefix `kdd_`: two of them share a name with Zeek's and mean something else. */
export const featureColumns = (Object.entries(kinds) as [FeatureName, Kind][]).map(([name, kind]) => [`kdd_${name}`, kind, name] as const);

export type FlowRecord = Readonly<Record<string, Cell>>;

/** Every column's name and kind; `label` only where the source knows it. */
export const recordColumns = (labelled: boolean): readonly (readonly [name: string, kind: Kind])[] => [
  ...flowColumns,
  ...featureColumns.map(([name, kind]) => [name, kind] as const),
  ...(labelled ? [['label', 'integer'] as const] : []),
];

/** One flow under Zeek's names; seconds. */
export function zeekRecord(flow: Flow): Record<string, Cell> {
  return {
    ts: flow.ts / 1e6,
    duration: flow.duration / 1e6,
    proto: flow.proto,
    service: flow.service,
    orig_h: flow.orig_h,
    orig_p: flow.orig_p,
    resp_h: flow.resp_h,
    resp_p: flow.resp_p,
    conn_state: flow.conn_state,
    history: flow.history,
    orig_pkts: flow.orig_pkts,
    orig_bytes: flow.orig_bytes,
    orig_ip_bytes: flow.orig_ip_bytes,
    resp_pkts: flow.resp_pkts,
    resp_bytes: flow.resp_bytes,
    resp_ip_bytes: flow.resp_ip_bytes,
    vlan: flow.vlan,
  };
}

export type Cell = string | number | null;

/** One flow's cells in the order of `recordColumns`: texts and numbers apart, so that a number stays one of the machine's. */
export interface Cells {
  readonly texts: string[];
  readonly numbers: Float64Array;
  /** 1 where a number is missing. */
  readonly missing: Uint8Array;
}

export const createCells = (): Cells => ({
  texts: new Array<string>(recordColumns(true).length).fill(''),
  numbers: new Float64Array(recordColumns(true).length),
  missing: new Uint8Array(recordColumns(true).length),
});

/** The cell of a column by its place and kind. */
export const cellOf = ({ texts, numbers, missing }: Cells, i: number, kind: Kind): Cell =>
  kind === 'text' ? texts[i]! : missing[i] === 1 ? null : numbers[i]!;

function putOrMiss({ numbers, missing }: Cells, i: number, value: number | null | undefined): void {
  const isMissing = value === null || value === undefined;
  missing[i] = isMissing ? 1 : 0;
  if (!isMissing) numbers[i] = value;
}

/**
 * One flow's cells, written over those of the flow before: objects of so many properties cost more than all the numbers in them.
 */
export function fillCells(flow: Flow, row: FeatureRow, labelled: boolean, cells: Cells): void {
  const { texts, numbers } = cells;
  numbers[0] = flow.ts / 1e6;
  numbers[1] = flow.duration / 1e6;
  texts[2] = flow.proto;
  texts[3] = flow.service;
  texts[4] = flow.orig_h;
  numbers[5] = flow.orig_p;
  texts[6] = flow.resp_h;
  numbers[7] = flow.resp_p;
  texts[8] = flow.conn_state;
  texts[9] = flow.history;
  numbers[10] = flow.orig_pkts;
  numbers[11] = flow.orig_bytes;
  numbers[12] = flow.orig_ip_bytes;
  numbers[13] = flow.resp_pkts;
  numbers[14] = flow.resp_bytes;
  numbers[15] = flow.resp_ip_bytes;
  putOrMiss(cells, 16, flow.vlan);
  numbers[17] = row.duration;
  texts[18] = row.protocol_type;
  texts[19] = row.service;
  texts[20] = row.flag;
  numbers[21] = row.src_bytes;
  numbers[22] = row.dst_bytes;
  numbers[23] = row.land;
  numbers[24] = row.wrong_fragment;
  numbers[25] = row.urgent;
  numbers[26] = row.count;
  numbers[27] = row.srv_count;
  numbers[28] = row.serror_rate;
  numbers[29] = row.srv_serror_rate;
  numbers[30] = row.rerror_rate;
  numbers[31] = row.srv_rerror_rate;
  numbers[32] = row.same_srv_rate;
  numbers[33] = row.diff_srv_rate;
  numbers[34] = row.srv_diff_host_rate;
  numbers[35] = row.dst_host_count;
  numbers[36] = row.dst_host_srv_count;
  numbers[37] = row.dst_host_same_srv_rate;
  numbers[38] = row.dst_host_diff_srv_rate;
  numbers[39] = row.dst_host_same_src_port_rate;
  numbers[40] = row.dst_host_srv_diff_host_rate;
  numbers[41] = row.dst_host_serror_rate;
  numbers[42] = row.dst_host_srv_serror_rate;
  numbers[43] = row.dst_host_rerror_rate;
  numbers[44] = row.dst_host_srv_rerror_rate;
  if (labelled) putOrMiss(cells, 45, flow.label);
}

/**
 * One flow as `netloop flows` writes it, under the names of the columns.
 * @example flowRecord(flow, featurize(flow), false).kdd_count
 */
export function flowRecord(flow: Flow, row: FeatureRow, labelled: boolean): FlowRecord {
  const cells = createCells();
  fillCells(flow, row, labelled, cells);
  return Object.fromEntries(recordColumns(labelled).map(([name, kind], i) => [name, cellOf(cells, i, kind)]));
}
