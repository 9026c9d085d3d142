import { type ConnState, connStates, type Flow } from '../flow.js';
import { countOf, createAddresses, createIntern, dateOf, microsOf, portOf } from './fields.js';
import { bad, type Refused, skipped } from './records.js';
import { type Background, truthOf } from './truth.js';

/** The columns of conn.log that a flow is made of; every one may be absent but the first six. */
export const zeekNames = [
  'ts',
  'id.orig_h',
  'id.orig_p',
  'id.resp_h',
  'id.resp_p',
  'proto',
  'service',
  'duration',
  'orig_bytes',
  'resp_bytes',
  'conn_state',
  'history',
  'orig_pkts',
  'orig_ip_bytes',
  'resp_pkts',
  'resp_ip_bytes',
  'vlan',
  'inner_vlan',
  'ip_proto',
] as const;
type ZeekName = (typeof zeekNames)[number];
export const zeekNeeded = zeekNames.slice(0, 6);

/** One row of conn.log: '' where the column is absent, unset or empty. */
export type ZeekRow = Record<ZeekName | 'label' | 'detail' | 'user', string>;

const states = new Set<string>(connStates);

/** Checks one row and makes a flow of it. Bytes that Zeek left unset (it saw none) are 0. */
export function createZeekFlows(background: Background, note: (kind: string) => void): (row: ZeekRow) => Flow | Refused {
  const address = createAddresses();
  const intern = createIntern();
  const count = (text: string): number => (text === '' ? 0 : countOf(text));
  return (row) => {
    const ts = row.ts.includes(':') ? dateOf(row.ts) : microsOf(row.ts);
    if (Number.isNaN(ts)) return bad('bad ts');
    const duration = row.duration === '' ? 0 : microsOf(row.duration);
    if (Number.isNaN(duration)) return bad('bad duration');
    const orig_h = address(row['id.orig_h']);
    const resp_h = address(row['id.resp_h']);
    if (orig_h === null || resp_h === null) return bad('bad address');
    const orig_p = portOf(row['id.orig_p']);
    const resp_p = portOf(row['id.resp_p']);
    if (Number.isNaN(orig_p + resp_p)) return bad('bad port');
    const orig_pkts = count(row.orig_pkts);
    const resp_pkts = count(row.resp_pkts);
    if (Number.isNaN(orig_pkts + resp_pkts)) return bad('bad packets');
    const orig_bytes = count(row.orig_bytes);
    const resp_bytes = count(row.resp_bytes);
    const orig_ip_bytes = count(row.orig_ip_bytes);
    const resp_ip_bytes = count(row.resp_ip_bytes);
    if (Number.isNaN(orig_bytes + resp_bytes + orig_ip_bytes + resp_ip_bytes)) return bad('bad bytes');
    const vlanText = row.inner_vlan || row.vlan;
    const vlan = vlanText === '' ? null : countOf(vlanText);
    if (vlan !== null && !(vlan <= 4095)) return bad('bad vlan');
    if (!/^[a-z][a-z\d_-]{1,30}$/.test(row.proto)) return bad('bad proto');
    const six = orig_h.includes(':');
    let proto = row.proto === 'icmp' && six ? 'icmp6' : row.proto;
    if (proto === 'unknown_transport') proto = row.ip_proto || 'unknown';
    const known = states.has(row.conn_state);
    if (!known) note(row.conn_state === '' ? 'no conn_state (OTH taken)' : 'unknown conn_state (OTH taken)');
    const truth = truthOf(row.label);
    if (truth === null) note('unknown label (none taken)');
    if (truth?.background && background === 'skip') return skipped('background');
    const label = truth?.background && background === 'unlabelled' ? undefined : truth?.label;
    return {
      ts,
      duration,
      proto: intern(proto),
      service: row.service === '' ? '-' : intern(row.service),
      orig_h,
      orig_p,
      resp_h,
      resp_p,
      conn_state: known ? (intern(row.conn_state) as ConnState) : 'OTH',
      history: intern(row.history),
      orig_pkts,
      orig_bytes,
      orig_ip_bytes,
      resp_pkts,
      resp_bytes,
      resp_ip_bytes,
      vlan,
      tunnel: null,
      wrong_fragment: 0,
      urgent: 0,
      end: 'recorded',
      ...(row.user === '' ? {} : { user_id: intern(row.user) }),
      ...(label === undefined ? {} : { label }),
      ...(label === 1 ? { attack: intern(row.detail || row.label) } : {}),
    };
  };
}
