import { NetloopError } from '../errors.js';
import type { Flow } from '../flow.js';
import type { Source } from '../source.js';
import { otherState, tcpState } from './argus-state.js';
import { countOf, createAddresses, createIntern, dateOf, microsOf, portOf } from './fields.js';
import { flowProtocol, headerBytes } from './ip-protocols.js';
import {
  bad,
  createRecordSource,
  type RecordFormat,
  type RecordOptions,
  type Refused,
  type RowReader,
  skipped,
  userColumn,
} from './records.js';
import { type Background, truthOf } from './truth.js';

export interface BinetflowOptions extends RecordOptions {
  /** Rows labelled Background (unknown traffic of the campus): benign (default), kept without a label, or left out. */
  readonly background?: Background;
}

const needed = ['StartTime', 'Dur', 'Proto', 'SrcAddr', 'Sport', 'DstAddr', 'Dport', 'State', 'TotPkts', 'TotBytes'] as const;
const optional = ['SrcBytes', 'SrcPkts', 'Label'] as const;
type Name = (typeof needed)[number] | (typeof optional)[number];
/** Argus counts whole frames; this is the Ethernet header that IP's own count leaves out. */
const ETHERNET = 14;

/**
 * Argus records as CTU-13 publishes them (`.binetflow`): a header, then comma- or tab-separated rows, in order of start.
 * - `Dir` is not read: the originator is `SrcAddr`, as in the labels (From-Botnet means SrcAddr).
 * - Packets each way are in some files (`SrcPkts`); else `TotPkts` is halved where both sides sent bytes, the odd one to the originator.
 *   (Against files that have both, halving is off by 3 % of the packets, splitting by bytes by 12 %.)
 * - Bytes are whole frames: `*_ip_bytes` is less 14 a packet, `*_bytes` less the smallest headers too (an upper bound of the payload).
 *   Without `SrcBytes` they are shared like packets.
 * - ICMP's `Sport` is code and type as one number (0x0103: code 1, type 3); they become `resp_p` and `orig_p`.
 * - Rows that are not IP (ARP, LLC, IPX, Argus's `man`) are left out and counted; IGMP, ESP, … keep their protocol number and no ports.
 * - `label` by `Label` (`truthOf`), `attack` is its text without `flow=`.
 * @throws what `createRecordSource` throws, NL_NO_USER
 */
export function createBinetflowSource(path: string, options: BinetflowOptions = {}): Source {
  const format: RecordFormat = { what: 'Argus binetflow', open: (note) => readRows(path, options, note) };
  return createRecordSource(path, format, options);
}

function readRows(path: string, { user, background = 'benign' }: BinetflowOptions, note: (kind: string) => void): RowReader {
  const address = createAddresses();
  const intern = createIntern();
  let separator = ',';
  let width = 0;
  let at: Readonly<Record<Name, number>> | null = null;
  let userAt = -1;

  const header = (text: string, row: number): void => {
    separator = text.includes('\t') ? '\t' : ',';
    const names = text.split(separator).map((name) => name.trim());
    const absent = needed.filter((name) => !names.includes(name));
    if (absent.length > 0) {
      const message = `${path}: row ${row}: not an Argus header: no ${absent.join(', ')}`;
      throw new NetloopError('NL_FILE_FORMAT', message, { where: { file: path, row } });
    }
    width = names.length;
    at = Object.fromEntries([...needed, ...optional].map((name) => [name, names.indexOf(name)])) as Record<Name, number>;
    userAt = userColumn(path, names, user);
  };

  return (text, row) => {
    if (text === '') return null;
    if (at === null) {
      header(text, row);
      return null;
    }
    if (text.startsWith('StartTime')) return null;
    const cells = text.split(separator);
    if (cells.length !== width) return bad(cells.length < width ? 'missing fields' : 'extra fields');
    const cell = (name: Name): string => cells[at![name]] ?? '';
    const flow = flowOf(cell, address, intern, note);
    if ('bad' in flow) return flow;
    const truth = truthOf(cell('Label'));
    if (truth === null) note('unknown label (none taken)');
    if (truth?.background && background === 'skip') return skipped('background');
    const label = truth?.background && background === 'unlabelled' ? undefined : truth?.label;
    return {
      ...flow,
      ...(userAt < 0 || cells[userAt] === '' ? {} : { user_id: intern(cells[userAt]!) }),
      ...(label === undefined ? {} : { label }),
      ...(label === 1 ? { attack: intern(cell('Label').replace(/^flow=/, '')) } : {}),
    };
  };
}

function flowOf(
  cell: (name: Name) => string,
  address: (text: string) => string | null,
  intern: (text: string) => string,
  note: (kind: string) => void,
): Flow | Refused {
  const word = cell('Proto').trim().toLowerCase();
  if (!/^[a-z\d][a-z\d/+._-]{0,30}$/.test(word)) return bad('bad proto');
  const proto = flowProtocol(word);
  if (proto === null) return skipped(`${word} is not IP`);
  const ts = dateOf(cell('StartTime'));
  if (Number.isNaN(ts)) return bad('bad StartTime');
  const duration = microsOf(cell('Dur'));
  if (Number.isNaN(duration)) return bad('bad Dur');
  const orig_h = address(cell('SrcAddr'));
  const resp_h = address(cell('DstAddr'));
  if (orig_h === null || resp_h === null) return bad('bad address');
  const packets = countOf(cell('TotPkts'));
  const bytes = countOf(cell('TotBytes'));
  if (Number.isNaN(packets)) return bad('bad TotPkts');
  if (Number.isNaN(bytes)) return bad('bad TotBytes');
  const ports = portsOf(proto, cell('Sport'), cell('Dport'), cell('State'));
  if (ports === null) return bad('bad port');
  const state = cell('State').trim();
  const srcBytes = cell('SrcBytes') === '' ? halfOf(bytes, answered(proto, state)) : countOf(cell('SrcBytes'));
  if (!(srcBytes <= bytes)) return bad('bad SrcBytes');
  const srcPackets =
    cell('SrcPkts') === '' ? halfOf(packets, srcBytes === 0 ? 'resp' : srcBytes < bytes ? 'both' : 'orig') : countOf(cell('SrcPkts'));
  if (!(srcPackets <= packets)) return bad('bad SrcPkts');
  const tcp = proto === 'tcp' ? tcpState(state) : null;
  if (proto === 'tcp' && tcp === null) note('unknown State (OTH taken)');
  const header = headerBytes(proto, orig_h.includes(':'));
  const dstPackets = packets - srcPackets;
  const dstBytes = bytes - srcBytes;
  return {
    ts,
    duration,
    proto: intern(proto),
    service: word === 'rtp' || word === 'rtcp' ? word : '-',
    orig_h,
    orig_p: ports[0],
    resp_h,
    resp_p: ports[1],
    conn_state: proto === 'tcp' ? (tcp ?? 'OTH') : otherState(proto, state, srcBytes, dstBytes),
    history: '',
    orig_pkts: srcPackets,
    orig_bytes: Math.max(0, srcBytes - srcPackets * (ETHERNET + header)),
    orig_ip_bytes: Math.max(0, srcBytes - srcPackets * ETHERNET),
    resp_pkts: dstPackets,
    resp_bytes: Math.max(0, dstBytes - dstPackets * (ETHERNET + header)),
    resp_ip_bytes: Math.max(0, dstBytes - dstPackets * ETHERNET),
    vlan: null,
    tunnel: null,
    wrong_fragment: 0,
    urgent: 0,
    end: 'recorded',
  };
}

type Speakers = 'orig' | 'resp' | 'both';

/** Who spoke, by the state alone. */
function answered(proto: string, state: string): Speakers {
  if (proto === 'tcp') return state.startsWith('_') ? 'resp' : state.endsWith('_') ? 'orig' : 'both';
  return state === 'CON' ? 'both' : state === 'RSP' ? 'resp' : 'orig';
}

function halfOf(total: number, speakers: Speakers): number {
  if (speakers === 'both') return Math.ceil(total / 2);
  return speakers === 'orig' ? total : 0;
}

/** Argus leaves ports empty where there are none (fragments), writes some in hexadecimal, and puts ICMP's code and type into `Sport`. */
function portsOf(proto: string, sport: string, dport: string, state: string): readonly [number, number] | null {
  if (proto === 'icmp' || proto === 'icmp6') {
    const both = sport === '' ? (state === 'ECR' ? 0 : state === 'ECO' ? 8 : 0) : portOf(sport);
    return Number.isNaN(both) ? null : [both & 0xff, both >> 8];
  }
  if (proto !== 'tcp' && proto !== 'udp' && proto !== 'sctp') return [0, 0];
  const ports = [sport === '' ? 0 : portOf(sport), dport === '' ? 0 : portOf(dport)] as const;
  return Number.isNaN(ports[0] + ports[1]) ? null : ports;
}

/** First row of such a file. */
export const isBinetflowHeader = (line: string): boolean => /^StartTime[,\t]/.test(line) && needed.every((name) => line.includes(name));
