import { readdirSync, readFileSync } from 'node:fs';
import { NetloopError } from '../errors.js';

/** libpcap's name for all interfaces at once. */
export const ANY = 'any';

/** Names of this process's network interfaces in the kernel's order; null where the system does not say (not Linux). */
export function interfaces(): readonly string[] | null {
  try {
    // Not /sys/class/net: it shows the namespace that it was mounted in, this the process's own.
    const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
    return lines.filter((line) => line.includes(':')).map((line) => line.slice(0, line.lastIndexOf(':')).trim());
  } catch {
    return null;
  }
}

/** Whether an interface carries traffic: 'gone' when it does not exist (any more), 'unknown' where that cannot be told. */
export type LinkState = 'up' | 'down' | 'gone' | 'unknown';

/** State of an interface now, from the kernel's operational state (RFC 2863); drivers that keep none ('unknown', as `lo`) count as up. */
export function linkState(name: string): LinkState {
  const names = interfaces();
  if (name === ANY || names === null) return 'unknown';
  if (!names.includes(name)) return 'gone';
  try {
    const visible = readdirSync('/sys/class/net');
    // A /sys of another namespace would tell of another interface of the same name.
    if (!names.every((known) => visible.includes(known))) return 'unknown';
    const state = readFileSync(`/sys/class/net/${name}/operstate`, 'utf8').trim();
    return state === 'up' || state === 'unknown' || state === 'dormant' ? 'up' : 'down';
  } catch {
    return 'unknown';
  }
}

const choices = (): string => [...(interfaces() ?? []), ANY].join(', ');

/** @throws NL_OPTION with the interfaces there are */
export function checkInterface(name: string): void {
  const names = interfaces();
  if (name === ANY || (names?.includes(name) ?? name !== '')) return;
  throw new NetloopError('NL_OPTION', `invalid interface: expected one of ${choices()}, got ${name === '' ? 'nothing' : name}`, {
    where: { option: 'interface', interface: name },
  });
}

/** libpcap's (or tcpdump's) words why a capture did not begin, as a coded error that says what to type. */
export function captureError(message: string, on: { readonly interface: string; readonly filter: string }): NetloopError {
  const { interface: name, filter } = on;
  const where = { interface: name };
  if (/not permitted|permission/i.test(message)) {
    const node = 'sudo setcap cap_net_raw,cap_net_admin=eip "$(readlink -f "$(command -v node)")"';
    return new NetloopError('NL_RIGHTS', `capturing on ${name} needs the right CAP_NET_RAW: run as root, or once: ${node} (${message})`, {
      where,
    });
  }
  if (/no such device/i.test(message)) {
    return new NetloopError('NL_OPTION', `invalid interface: expected one of ${choices()}, got ${name}`, { where });
  }
  if (/not up|is down|went down|network is down/i.test(message)) {
    return new NetloopError('NL_FILE_MISSING', `${name} is down; try: ip link set ${name} up (${message})`, { where });
  }
  if (/ENOENT|not found/.test(message)) {
    const what = 'neither the pcap addon nor tcpdump can be used';
    return new NetloopError('NL_RIGHTS', `${what}; apt-get install tcpdump, or libpcap-dev g++ and npm rebuild pcap (${message})`, {
      where,
    });
  }
  if (filter !== '') {
    return new NetloopError('NL_OPTION', `invalid filter: libpcap says "${message}", got ${filter}`, { where: { ...where, filter } });
  }
  return new NetloopError('NL_FILE_MISSING', `${name} cannot be captured: ${message}`, { where });
}
