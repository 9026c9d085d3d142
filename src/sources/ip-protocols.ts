/** What Argus and UNSW-NB15 call what travels inside UDP or has another name in Zeek. */
const zeekNames: Readonly<Record<string, string>> = {
  tcp: 'tcp',
  udp: 'udp',
  icmp: 'icmp',
  sctp: 'sctp',
  'ipv6-icmp': 'icmp6',
  rtp: 'udp',
  rtcp: 'udp',
  udt: 'udp',
};

/** IANA's numbers of protocols that have no ports. */
const numbers: Readonly<Record<string, string>> = {
  igmp: '2',
  ggp: '3',
  ipip: '4',
  ipnip: '4',
  egp: '8',
  igp: '9',
  rdp: '27',
  ipv6: '41',
  'ipv6-route': '43',
  'ipv6-frag': '44',
  rsvp: '46',
  gre: '47',
  esp: '50',
  ah: '51',
  'ipv6-no': '59',
  'ipv6-opts': '60',
  eigrp: '88',
  ospf: '89',
  pim: '103',
  vrrp: '112',
  l2tp: '115',
};

const notIp = new Set(['arp', 'rarp', 'llc', 'ipx/spx', 'man', 'lldp', 'stp', 'loop', 'isis', 'eth', 'aarp', 'atalk', 'decnet', 'cdp']);

/**
 * A record's protocol -> a flow's `proto`; null for what is not IP (ARP, LLC, Argus's own management records). IANA names without an
 * entry are kept as they are.
 * @example flowProtocol('rtcp')  // 'udp'
 */
export function flowProtocol(name: string): string | null {
  const known = zeekNames[name] ?? numbers[name];
  if (known !== undefined) return known;
  return notIp.has(name) ? null : name;
}

/** Fewest header bytes of an IP packet that carries this, IP included. */
export function headerBytes(proto: string, six: boolean): number {
  return (
    (six ? 40 : 20) + (proto === 'tcp' ? 20 : proto === 'udp' || proto === 'icmp' || proto === 'icmp6' ? 8 : proto === 'sctp' ? 12 : 0)
  );
}
