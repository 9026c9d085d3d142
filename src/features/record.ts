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
  const record: Record<string, string | number | null> = {};
  for (const [name] of flowColumns) record[name] = flow[name];
  record.ts = flow.ts / 1e6;
  record.duration = flow.duration / 1e6;
  return record;
}

/**
 * One flow as `netloop flows` writes it.
 * @example flowRecord(flow, featurize(flow), false).kdd_count
 */
export function flowRecord(flow: Flow, row: FeatureRow, labelled: boolean): FlowRecord {
  const record = zeekRecord(flow);
  for (const [name, , feature] of featureColumns) record[name] = row[feature];
  if (labelled) record.label = flow.label ?? null;
  return record;
}
