import { ipProtocols as P } from '../packet.js';

const names: Readonly<Record<number, string>> = { [P.ICMP]: 'icmp', [P.TCP]: 'tcp', [P.UDP]: 'udp', [P.ICMP6]: 'icmp6', [P.SCTP]: 'sctp' };

/** An IP protocol in words, its number where it has none here. */
export const protocolName = (protocol: number): string => names[protocol] ?? String(protocol);

const others: Readonly<Record<number, string>> = {
  0: 'hop-by-hop',
  2: 'igmp',
  4: 'ip',
  41: 'ip6',
  46: 'rsvp',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  59: 'none',
  88: 'eigrp',
  89: 'ospf',
  103: 'pim',
  112: 'vrrp',
  115: 'l2tp',
};

/** The name under which a packet of a protocol without flows is counted. */
export const otherName = (protocol: number): string => others[protocol] ?? String(protocol);
