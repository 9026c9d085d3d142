import type { FeatureRow } from './feature.js';

/**
 * Zeek's connection states (conn.log `conn_state`), which are also KDD's `flag`:
 * S0 attempt without answer, S1 established and not ended, SF normal end, REJ rejected, S2/S3 half closed by orig/resp,
 * RSTO/RSTR reset by orig/resp, RSTOS0 SYN then RST by orig, RSTRH SYN-ACK then RST by resp, SH/SHR SYN then FIN by orig / SYN-ACK
 * then FIN by resp, OTH midstream.
 */
export const connStates = ['S0', 'S1', 'SF', 'REJ', 'S2', 'S3', 'RSTO', 'RSTR', 'RSTOS0', 'RSTRH', 'SH', 'SHR', 'OTH'] as const;
export type ConnState = (typeof connStates)[number];

/** Why a flow ended: by its own close, by silence, by age, at the end of the source, for want of room, or it came finished from a record. */
export type FlowEnd = 'closed' | 'idle' | 'active' | 'flushed' | 'evicted' | 'recorded';

/** One bidirectional connection, Zeek's conn.log in names and meaning. */
export interface Flow {
  /** First packet, microseconds since the epoch. */
  readonly ts: number;
  /** First to last packet, microseconds. */
  readonly duration: number;
  /** tcp, udp, icmp, icmp6, sctp, or the IP protocol's number. */
  readonly proto: string;
  /** What the responder's port (or the record) says; '-' where unknown. */
  readonly service: string;
  /** Originator's address, as text. */
  readonly orig_h: string;
  /** Originator's port; for ICMP the type. */
  readonly orig_p: number;
  readonly resp_h: string;
  /** Responder's port; for ICMP the type of the answer where types are paired (echo), else the code, as in Zeek. */
  readonly resp_p: number;
  readonly conn_state: ConnState;
  /** Zeek's history letters: upper case originator, lower case responder. */
  readonly history: string;
  readonly orig_pkts: number;
  /** Payload bytes (TCP: from sequence numbers). */
  readonly orig_bytes: number;
  /** Bytes of IP packets, headers included. */
  readonly orig_ip_bytes: number;
  readonly resp_pkts: number;
  readonly resp_bytes: number;
  readonly resp_ip_bytes: number;
  /** Innermost VLAN id, null without one. */
  readonly vlan: number | null;
  /** Outer tunnels from the outside in, e.g. 'gre/vxlan'; null without one. */
  readonly tunnel: string | null;
  /** Fragments with a wrong checksum, overlap or hole (KDD 8). */
  readonly wrong_fragment: number;
  /** Packets with the URG flag (KDD 9). */
  readonly urgent: number;
  readonly end: FlowEnd;
  /** Payload octets that were acknowledged but never captured, both ways; left out where nothing is missing. */
  readonly missed_bytes?: number;
  /** Packets with each TCP flag, both ways; the five-tuple view only. */
  readonly tcp_flags?: { readonly syn: number; readonly fin: number; readonly rst: number; readonly ack: number };
  /** Who, where the source knows it better than by address. */
  readonly user_id?: string;
  /** Truth, where the source knows it: 1 attack, 0 benign. */
  readonly label?: 0 | 1;
  /** Truth by name, e.g. 'nmap-syn'. */
  readonly attack?: string;
  /** KDD features that the source computed itself (NSL-KDD rows); then they are taken as they are. */
  readonly features?: FeatureRow;
}

/** An ARP packet: the one thing below IP that rules watch. Addresses as text. */
export interface ArpEvent {
  readonly kind: 'arp';
  /** Microseconds since the epoch. */
  readonly ts: number;
  readonly operation: 'request' | 'reply';
  /** From the Ethernet header. */
  readonly eth_src: string;
  readonly eth_dst: string;
  readonly sender_mac: string;
  readonly sender_ip: string;
  readonly target_mac: string;
  readonly target_ip: string;
  readonly vlan: number | null;
}

/**
 * What happens to a flow: opened with its first packet, updated when its `history` grows, closed when it ends.
 * An open flow is a live view: read it during the call, keep nothing of it.
 */
export interface FlowEvent {
  readonly kind: 'opened' | 'updated' | 'closed';
  /** Capture time of the event, microseconds since the epoch. */
  readonly ts: number;
  readonly flow: Flow;
  /** The flow's number in its table, in the order of opening: what tells its events apart from others'. Absent for records. */
  readonly id?: number;
}

export type TrafficEvent = ArpEvent | FlowEvent;

/** The user a flow belongs to: the named column, else `user_id`, else the source address. */
export function userOf(flow: Flow, by: 'user_id' | 'orig_h' | 'resp_h' = 'user_id'): string {
  return by === 'user_id' ? (flow.user_id ?? flow.orig_h) : flow[by];
}
