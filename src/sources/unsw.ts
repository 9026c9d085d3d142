import type { ConnState } from '../flow.js';
import type { Source } from '../source.js';
import { countOf, createAddresses, createIntern, microsOf, portOf } from './fields.js';
import { flowProtocol, headerBytes } from './ip-protocols.js';
import { bad, createRecordSource, type RecordFormat, type RecordOptions, type RowReader, skipped, userColumn } from './records.js';

/** The 49 columns of the raw files, which come without a header, as UNSW-NB15_features.csv names them. */
export const unswColumns: readonly string[] = (
  'srcip sport dstip dsport proto state dur sbytes dbytes sttl dttl sloss dloss service Sload Dload Spkts Dpkts swin dwin stcpb dtcpb ' +
  'smeansz dmeansz trans_depth res_bdy_len Sjit Djit Stime Ltime Sintpkt Dintpkt tcprtt synack ackdat is_sm_ips_ports ct_state_ttl ' +
  'ct_flw_http_mthd is_ftp_login ct_ftp_cmd ct_srv_src ct_srv_dst ct_dst_ltm ct_src_ltm ct_src_dport_ltm ct_dst_sport_ltm ct_dst_src_ltm ' +
  'attack_cat label'
).split(' ');

const needed = ['srcip', 'sport', 'dstip', 'dsport', 'proto', 'state', 'dur', 'sbytes', 'dbytes', 'Spkts', 'Dpkts', 'Stime'] as const;
const optional = ['service', 'attack_cat', 'label'] as const;
type Name = (typeof needed)[number] | (typeof optional)[number];

/**
 * UNSW-NB15's own transaction states -> conn_state: FIN and CLO (ended) -> SF, ACC (accepted) -> S1, REQ and INT (only the source spoke)
 * -> S0, RST -> RSTR where the destination sent bytes, else REJ, CON -> SF for UDP and S1 for TCP. The rest (ICMP's words, PAR, no) -> OTH.
 */
export function unswState(proto: string, state: string, answered: boolean): ConnState {
  if (proto !== 'tcp' && proto !== 'udp') return 'OTH';
  if (state === 'FIN' || state === 'CLO') return 'SF';
  if (state === 'ACC') return 'S1';
  if (state === 'REQ' || state === 'INT') return 'S0';
  if (state === 'RST') return answered ? 'RSTR' : 'REJ';
  if (state === 'CON') return proto === 'udp' ? 'SF' : 'S1';
  return 'OTH';
}

/**
 * Raw rows of UNSW-NB15 (49 columns with `srcip`), with the header of its feature list or without one.
 * `Stime` has whole seconds only, and rows are not sorted (`sortFlows`). `sbytes` and `dbytes` are IP bytes; payload is less the smallest
 * headers. TTLs and the `ct_state_ttl` made of them are never read: they tell the attack tool's hosts apart and so leak the label.
 * @throws what `createRecordSource` throws; NL_NO_USER
 */
export function createUnswSource(path: string, options: RecordOptions = {}): Source {
  const format: RecordFormat = { what: 'UNSW-NB15 rows', open: (note) => readRows(path, options.user, note) };
  return createRecordSource(path, format, options);
}

/** Spaces and case differ between the published headers (`ct_src_ ltm`, `Label`). */
const plain = (name: string): string => name.replace(/\s+/g, '').toLowerCase();

function readRows(path: string, user: string | undefined, note: (kind: string) => void): RowReader {
  const address = createAddresses();
  const intern = createIntern();
  let width = 0;
  let at: Readonly<Record<Name, number>> | null = null;
  let userAt = -1;
  const useColumns = (names: readonly string[]): void => {
    const plainNames = names.map(plain);
    width = names.length;
    at = Object.fromEntries([...needed, ...optional].map((name) => [name, plainNames.indexOf(plain(name))])) as Record<Name, number>;
    userAt = userColumn(path, names, user);
  };
  return (text) => {
    if (text === '') return null;
    const cells = text.split(',');
    if (at === null) {
      const header = isUnswHeader(text);
      useColumns(header ? cells : unswColumns);
      if (header) return null;
    }
    if (cells.length !== width) return bad(cells.length < width ? 'missing fields' : 'extra fields');
    const cell = (name: Name): string => (cells[at![name]] ?? '').trim();
    const word = cell('proto').toLowerCase();
    if (!/^[a-z\d][a-z\d/+._-]{0,30}$/.test(word)) return bad('bad proto');
    const proto = flowProtocol(word);
    if (proto === null) return skipped(`${word} is not IP`);
    const ts = microsOf(cell('Stime'));
    if (Number.isNaN(ts)) return bad('bad Stime');
    const duration = microsOf(cell('dur'));
    if (Number.isNaN(duration)) return bad('bad dur');
    const orig_h = address(cell('srcip'));
    const resp_h = address(cell('dstip'));
    if (orig_h === null || resp_h === null) return bad('bad address');
    const ported = proto === 'tcp' || proto === 'udp' || proto === 'sctp';
    const orig_p = ported ? portOf(cell('sport')) : 0;
    const resp_p = ported ? portOf(cell('dsport')) : 0;
    if (Number.isNaN(orig_p + resp_p)) return bad('bad port');
    const [orig_ip_bytes, resp_ip_bytes] = [countOf(cell('sbytes')), countOf(cell('dbytes'))];
    if (Number.isNaN(orig_ip_bytes + resp_ip_bytes)) return bad('bad bytes');
    const [orig_pkts, resp_pkts] = [countOf(cell('Spkts')), countOf(cell('Dpkts'))];
    if (Number.isNaN(orig_pkts + resp_pkts)) return bad('bad packets');
    const truth = cell('label');
    if (truth !== '0' && truth !== '1' && truth !== '') note('unknown label (none taken)');
    const header = headerBytes(proto, orig_h.includes(':'));
    const service = cell('service');
    const label = truth === '1' ? 1 : truth === '0' ? 0 : undefined;
    return {
      ts,
      duration,
      proto: intern(proto),
      service: service === '' ? '-' : intern(service),
      orig_h,
      orig_p,
      resp_h,
      resp_p,
      conn_state: unswState(proto, cell('state'), resp_ip_bytes > 0),
      history: '',
      orig_pkts,
      orig_bytes: Math.max(0, orig_ip_bytes - orig_pkts * header),
      orig_ip_bytes,
      resp_pkts,
      resp_bytes: Math.max(0, resp_ip_bytes - resp_pkts * header),
      resp_ip_bytes,
      vlan: null,
      tunnel: null,
      wrong_fragment: 0,
      urgent: 0,
      end: 'recorded',
      ...(userAt < 0 || cells[userAt] === '' ? {} : { user_id: intern(cells[userAt]!) }),
      ...(label === undefined ? {} : { label }),
      ...(label === 1 ? { attack: intern(cell('attack_cat') || 'attack') } : {}),
    };
  };
}

const isUnswHeader = (line: string): boolean => {
  const names = new Set(line.split(',').map(plain));
  return needed.every((name) => names.has(plain(name)));
};

/** First row of such a file: its header, or 49 cells with a protocol fifth and a label of 0 or 1 last. */
export function isUnswRow(line: string): boolean {
  if (isUnswHeader(line)) return true;
  const cells = line.split(',');
  return cells.length === unswColumns.length && /^[01]$/.test(cells.at(-1)!.trim()) && /^[\da-f.:]{2,39}$/i.test(cells[0]!);
}
