/**
 * What runs behind a port, under two vocabularies: KDD's (the feature `service`) and Zeek's (the flow's `service`).
 * Ports only: payload is never read, so a service on a foreign port is named after the port.
 */

/** KDD's TCP services by responder port: IANA's assignments of 1998, under the names the KDD-99 rows use. */
const kddTcp: Readonly<Record<number, string>> = {
  7: 'echo',
  9: 'discard',
  11: 'systat',
  13: 'daytime',
  15: 'netstat',
  20: 'ftp_data',
  21: 'ftp',
  22: 'ssh',
  23: 'telnet',
  25: 'smtp',
  37: 'time',
  42: 'name',
  43: 'whois',
  53: 'domain',
  57: 'mtp',
  70: 'gopher',
  71: 'remote_job',
  77: 'rje',
  79: 'finger',
  80: 'http',
  84: 'ctf',
  87: 'link',
  95: 'supdup',
  101: 'hostnames',
  102: 'iso_tsap',
  105: 'csnet_ns',
  109: 'pop_2',
  110: 'pop_3',
  111: 'sunrpc',
  113: 'auth',
  117: 'uucp_path',
  119: 'nntp',
  137: 'netbios_ns',
  138: 'netbios_dgm',
  139: 'netbios_ssn',
  143: 'imap4',
  150: 'sql_net',
  175: 'vmnet',
  179: 'bgp',
  210: 'Z39_50',
  389: 'ldap',
  433: 'nnsp',
  443: 'http_443',
  512: 'exec',
  513: 'login',
  514: 'shell',
  515: 'printer',
  520: 'efs',
  530: 'courier',
  540: 'uucp',
  543: 'klogin',
  544: 'kshell',
  2784: 'http_2784',
  5190: 'aol',
  6667: 'IRC',
  8001: 'http_8001',
  8080: 'http',
};

const kddUdp: Readonly<Record<number, string>> = {
  53: 'domain_u',
  69: 'tftp_u',
  123: 'ntp_u',
  137: 'netbios_ns',
  138: 'netbios_dgm',
};

/** ICMP by type; an unreachable is told apart by its code. ICMPv6 types are mapped to what they mean in ICMP. */
function kddIcmp(v6: boolean, type: number, code: number): string {
  if (type === (v6 ? 128 : 8)) return 'eco_i';
  if (type === (v6 ? 129 : 0)) return 'ecr_i';
  if (type === (v6 ? 1 : 3)) return code === (v6 ? 4 : 3) ? 'urp_i' : 'urh_i';
  if (type === (v6 ? 3 : 11)) return 'tim_i';
  if (type === (v6 ? 137 : 5)) return 'red_i';
  return 'oth_i';
}

/**
 * KDD's service name. Unnamed well-known ports (below 1024) are 'private', as SNMP is in the KDD rows; unnamed higher ports 'other'.
 * For ICMP `origPort` is the type and `respPort` the code. Active FTP data comes from port 20, so the originator's port is looked at too.
 * @example kddService('udp', 40000, 53)  // 'domain_u'
 */
export function kddService(proto: string, origPort: number, respPort: number): string {
  if (proto === 'tcp') {
    const name = kddTcp[respPort];
    if (name !== undefined) return name;
    if (origPort === 20) return 'ftp_data';
    if (respPort >= 6000 && respPort <= 6063) return 'X11';
    return respPort < 1024 ? 'private' : 'other';
  }
  if (proto === 'udp') return kddUdp[respPort] ?? (respPort < 1024 ? 'private' : 'other');
  if (proto === 'icmp' || proto === 'icmp6') return kddIcmp(proto === 'icmp6', origPort, respPort);
  return 'other';
}

const zeekTcp: Readonly<Record<number, string>> = {
  20: 'ftp-data',
  21: 'ftp',
  22: 'ssh',
  23: 'telnet',
  25: 'smtp',
  53: 'dns',
  80: 'http',
  88: 'krb_tcp',
  110: 'pop3',
  139: 'smb',
  143: 'imap',
  179: 'bgp',
  389: 'ldap_tcp',
  443: 'ssl',
  445: 'smb',
  465: 'ssl',
  502: 'modbus',
  587: 'smtp',
  636: 'ssl',
  853: 'ssl',
  989: 'ssl',
  990: 'ssl',
  993: 'ssl',
  995: 'ssl',
  1080: 'socks',
  1433: 'mssql',
  1883: 'mqtt',
  2222: 'ssh',
  2323: 'telnet',
  3306: 'mysql',
  3389: 'rdp',
  5060: 'sip',
  5222: 'xmpp',
  5432: 'postgresql',
  5900: 'rfb',
  6379: 'redis',
  6666: 'irc',
  6667: 'irc',
  8000: 'http',
  8080: 'http',
  8443: 'ssl',
  8883: 'ssl',
  8888: 'http',
};

const zeekUdp: Readonly<Record<number, string>> = {
  53: 'dns',
  67: 'dhcp',
  68: 'dhcp',
  69: 'tftp',
  88: 'krb',
  123: 'ntp',
  137: 'netbios-ns',
  161: 'snmp',
  162: 'snmp',
  443: 'quic',
  514: 'syslog',
  1812: 'radius',
  1813: 'radius',
  1900: 'ssdp',
  5060: 'sip',
  5353: 'dns',
  5355: 'dns',
};

/** The service a responder's port stands for, in Zeek's words; '-' where unknown. For ICMP always '-'. */
export function serviceOf(proto: string, port: number): string {
  return (proto === 'tcp' ? zeekTcp[port] : proto === 'udp' ? zeekUdp[port] : undefined) ?? '-';
}
