import type { FeatureName, FeatureRow } from '../feature.js';
import type { Flow } from '../flow.js';

type Kind = 'text' | 'integer' | 'number';

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

/**
 * One flow's cells in the order of `recordColumns`, written into an array that may be used again and again: objects of so many properties
 * cost more than all the numbers in them.
 */
export function fillCells(flow: Flow, row: FeatureRow, labelled: boolean, cells: Cell[]): void {
  cells[0] = flow.ts / 1e6;
  cells[1] = flow.duration / 1e6;
  cells[2] = flow.proto;
  cells[3] = flow.service;
  cells[4] = flow.orig_h;
  cells[5] = flow.orig_p;
  cells[6] = flow.resp_h;
  cells[7] = flow.resp_p;
  cells[8] = flow.conn_state;
  cells[9] = flow.history;
  cells[10] = flow.orig_pkts;
  cells[11] = flow.orig_bytes;
  cells[12] = flow.orig_ip_bytes;
  cells[13] = flow.resp_pkts;
  cells[14] = flow.resp_bytes;
  cells[15] = flow.resp_ip_bytes;
  cells[16] = flow.vlan;
  cells[17] = row.duration;
  cells[18] = row.protocol_type;
  cells[19] = row.service;
  cells[20] = row.flag;
  cells[21] = row.src_bytes;
  cells[22] = row.dst_bytes;
  cells[23] = row.land;
  cells[24] = row.wrong_fragment;
  cells[25] = row.urgent;
  cells[26] = row.count;
  cells[27] = row.srv_count;
  cells[28] = row.serror_rate;
  cells[29] = row.srv_serror_rate;
  cells[30] = row.rerror_rate;
  cells[31] = row.srv_rerror_rate;
  cells[32] = row.same_srv_rate;
  cells[33] = row.diff_srv_rate;
  cells[34] = row.srv_diff_host_rate;
  cells[35] = row.dst_host_count;
  cells[36] = row.dst_host_srv_count;
  cells[37] = row.dst_host_same_srv_rate;
  cells[38] = row.dst_host_diff_srv_rate;
  cells[39] = row.dst_host_same_src_port_rate;
  cells[40] = row.dst_host_srv_diff_host_rate;
  cells[41] = row.dst_host_serror_rate;
  cells[42] = row.dst_host_srv_serror_rate;
  cells[43] = row.dst_host_rerror_rate;
  cells[44] = row.dst_host_srv_rerror_rate;
  if (labelled) cells[45] = flow.label ?? null;
}

/**
 * One flow as `netloop flows` writes it, under the names of the columns.
 * @example flowRecord(flow, featurize(flow), false).kdd_count
 */
export function flowRecord(flow: Flow, row: FeatureRow, labelled: boolean): FlowRecord {
  const cells: Cell[] = [];
  fillCells(flow, row, labelled, cells);
  return Object.fromEntries(recordColumns(labelled).map(([name], i) => [name, cells[i]!]));
}
