import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NetloopError } from '../errors.js';
import type { Service } from './schedule.js';

/** Programs by the Debian package that has them. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'util-linux': ['unshare', 'nsenter', 'setpriv', 'mount'],
  iproute2: ['ip', 'tc'],
  nftables: ['nft'],
  ethtool: ['ethtool'],
  tcpdump: ['tcpdump'],
  'xz-utils': ['xz'],
  openssl: ['openssl'],
  'openssh-client': ['ssh', 'scp', 'sftp', 'ssh-keygen'],
  'openssh-server': ['sshd'],
  lighttpd: ['lighttpd'],
  'lighttpd-mod-openssl': ['/usr/lib/lighttpd/mod_openssl.so'],
  'iputils-ping': ['ping'],
  'dnsmasq-base': ['dnsmasq'],
  chrony: ['chronyd'],
  'avahi-daemon': ['avahi-daemon'],
  'bind9-dnsutils': ['dig'],
  curl: ['curl'],
  ncat: ['ncat'],
  nmap: ['nmap'],
  hydra: ['hydra'],
  dsniff: ['arpspoof'],
  hping3: ['hping3'],
};

/** Programs of the services that a recording can be made `without`. */
const servicePackages: Readonly<Partial<Record<Service, Readonly<Record<string, readonly string[]>>>>> = {
  ftp: { vsftpd: ['vsftpd'] },
  rsync: { rsync: ['rsync'] },
  smtp: { opensmtpd: ['smtpd'] },
  chat: { ngircd: ['ngircd'] },
  mqtt: { mosquitto: ['mosquitto'], 'mosquitto-clients': ['mosquitto_pub'] },
};

/** Daemons live in sbin, which the path of an ordinary user leaves out. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
const present = (program: string): boolean =>
  (program.startsWith('/') ? [program] : folders.map((folder) => join(folder, program))).some((path) => {
    try {
      accessSync(path, program.startsWith('/') ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

export interface LabRequirements {
  /** What is missing for a recording of everything, in words: `nmap (apt-get install nmap)`. */
  readonly missing: readonly string[];
  /** Services that cannot be played for want of their programs. */
  readonly services: readonly Service[];
}

/** Whether this machine can record, given that the services `without` are left out: rights first, then programs. */
export function labRequirements(without: readonly Service[] = []): LabRequirements {
  const missing: string[] = [];
  const services: Service[] = [];
  if (process.platform !== 'linux') missing.push('Linux (namespaces)');
  else if (process.geteuid?.() !== 0) missing.push('root (run with sudo)');
  const lack = (needed: Readonly<Record<string, readonly string[]>>): string[] =>
    Object.entries(needed).flatMap(([name, programs]) => {
      const absent = programs.filter((program) => !present(program));
      return absent.length === 0 ? [] : [`${absent.join(', ')} (apt-get install ${name})`];
    });
  missing.push(...lack(packages));
  for (const [service, needed] of Object.entries(servicePackages) as [Service, Readonly<Record<string, readonly string[]>>][]) {
    const absent = lack(needed);
    if (absent.length > 0) services.push(service);
    if (!without.includes(service)) missing.push(...absent);
  }
  if (missing.length === 0 && spawnSync('unshare', ['-m', '-n', '-p', '-f', 'true'], { stdio: 'ignore' }).status !== 0) {
    missing.push('the right to make namespaces (CAP_SYS_ADMIN; in a container: --privileged)');
  }
  return { missing, services };
}

/** @throws NL_RIGHTS that names every program (with its Debian package) and right that is missing */
export function demandLab(without: readonly Service[] = []): void {
  const { missing } = labRequirements(without);
  if (missing.length === 0) return;
  throw new NetloopError('NL_RIGHTS', `cannot record: missing ${missing.join('; ')}`, { where: { missing } });
}
