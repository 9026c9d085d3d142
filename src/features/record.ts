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

export type FlowRecord = Readonly<Record<string, string | number | null>>;

/** Every column's name and kind; `label` only where the source knows it. */
export const recordColumns = (labelled: boolean): readonly (readonly [name: string, kind: Kind])[] => [
  ...flowColumns,
  ...featureColumns.map(([name, kind]) => [name, kind] as const),
  ...(labelled ? [['label', 'integer'] as const] : []),
];

/** One flow under Zeek's names; seconds. */
export function zeekRecord(flow: Flow): Record<string, string | number | null> {
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

/**
 * One flow as `netloop flows` writes it. Written out by name, in the order of the columns: objects of one shape are made and read several
 * times faster than those filled in a loop.
 * @example flowRecord(flow, featurize(flow), false).kdd_count
 */
export function flowRecord(flow: Flow, row: FeatureRow, labelled: boolean): FlowRecord {
  const record: Record<string, string | number | null> = {
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
    kdd_duration: row.duration,
    kdd_protocol_type: row.protocol_type,
    kdd_service: row.service,
    kdd_flag: row.flag,
    kdd_src_bytes: row.src_bytes,
    kdd_dst_bytes: row.dst_bytes,
    kdd_land: row.land,
    kdd_wrong_fragment: row.wrong_fragment,
    kdd_urgent: row.urgent,
    kdd_count: row.count,
    kdd_srv_count: row.srv_count,
    kdd_serror_rate: row.serror_rate,
    kdd_srv_serror_rate: row.srv_serror_rate,
    kdd_rerror_rate: row.rerror_rate,
    kdd_srv_rerror_rate: row.srv_rerror_rate,
    kdd_same_srv_rate: row.same_srv_rate,
    kdd_diff_srv_rate: row.diff_srv_rate,
    kdd_srv_diff_host_rate: row.srv_diff_host_rate,
    kdd_dst_host_count: row.dst_host_count,
    kdd_dst_host_srv_count: row.dst_host_srv_count,
    kdd_dst_host_same_srv_rate: row.dst_host_same_srv_rate,
    kdd_dst_host_diff_srv_rate: row.dst_host_diff_srv_rate,
    kdd_dst_host_same_src_port_rate: row.dst_host_same_src_port_rate,
    kdd_dst_host_srv_diff_host_rate: row.dst_host_srv_diff_host_rate,
    kdd_dst_host_serror_rate: row.dst_host_serror_rate,
    kdd_dst_host_srv_serror_rate: row.dst_host_srv_serror_rate,
    kdd_dst_host_rerror_rate: row.dst_host_rerror_rate,
    kdd_dst_host_srv_rerror_rate: row.dst_host_srv_rerror_rate,
  };
  if (labelled) record.label = flow.label ?? null;
  return record;
}
