import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPlan } from './schedule.js';
import type { World } from './world.js';

/** Users of the world: a person's account, and one user id for each attack so that every packet names its attack. */
export const personUid = (plan: LabPlan, host: string): number => 2001 + plan.hosts.findIndex((h) => h.name === host);
export const attackUid = (id: number): number => 6100 + id;
export const password = (person: string): string => `${person}-keeps-it-42`;

/** The one wrong turn many people take: a service that is down. Closed on `web`, filtered (no answer) on `mail`. */
export const downPorts = { closed: 8081, filtered: 8082 } as const;

const quiet = { stdio: 'ignore' } as const;

/**
 * Throw-away accounts, homes, names and web pages, all on memory file systems mounted over this world's own view of
 * /run, /home, /srv and /var/log: nothing of the machine outside changes.
 */
export function furnish(plan: LabPlan, dir: string): void {
  for (const place of ['/run', '/home', '/srv', '/var/log', '/var/spool', '/var/lib/chrony']) {
    try {
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place], quiet);
    } catch {
      // A place that does not exist is not needed by what is installed.
    }
  }
  for (const folder of ['/run/sshd', '/run/netns', '/run/vsftpd/empty', '/srv/www', '/srv/rsync', '/srv/mail']) {
    mkdirSync(folder, { recursive: true });
  }
  chmodSync('/srv', 0o755);
  chmodSync('/srv/mail', 0o1777);
  const lines = { passwd: '', shadow: '', group: '' };
  const add = (name: string, uid: number, secret: string) => {
    lines.passwd += `${name}:x:${uid}:${uid}::/home/${name}:/bin/sh\n`;
    lines.shadow += `${name}:${secret}:19000:0:99999:7:::\n`;
    lines.group += `${name}:x:${uid}:\n`;
  };
  for (const { host } of plan.users) {
    add(host, personUid(plan, host), execFileSync('openssl', ['passwd', '-6', password(host)], { encoding: 'utf8' }).trim());
  }
  for (const { id } of plan.attacks) add(`other${id}`, attackUid(id), '!');
  for (const [name, text] of Object.entries(lines)) overlay(dir, name, text);
  overlay(dir, 'resolv.conf', '', `nameserver ${plan.hosts.find((h) => h.name === 'names')!.ip4}\noptions timeout:2 attempts:1\n`);
  overlay(dir, 'hosts', '', '127.0.0.1 localhost\n');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', '/srv/host_key'], quiet);
  for (const { host } of plan.users) home(host, personUid(plan, host), plan.ports.ssh);
  for (const { id } of plan.attacks) {
    mkdirSync(`/home/other${id}`);
    chownSync(`/home/other${id}`, attackUid(id), attackUid(id));
  }
  pages();
}

/** Lays a file of this world over /etc/<name>: a copy with lines added, or a text of its own. */
function overlay(dir: string, name: string, added: string, text?: string): void {
  const copy = join(dir, `etc-${name}`);
  if (text === undefined) cpSync(`/etc/${name}`, copy);
  else writeFileSync(copy, text);
  appendFileSync(copy, added);
  execFileSync('mount', ['--bind', copy, `/etc/${name}`], quiet);
}

function home(name: string, uid: number, sshPort: number): void {
  const at = `/home/${name}`;
  mkdirSync(`${at}/.ssh`, { recursive: true });
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${at}/.ssh/id_ed25519`], quiet);
  cpSync(`${at}/.ssh/id_ed25519.pub`, `${at}/.ssh/authorized_keys`);
  const known = 'StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\nConnectTimeout 5\n';
  writeFileSync(`${at}/.ssh/config`, `${known}Port ${sshPort}\n`);
  for (const [i, kilobytes] of [3, 14, 40].entries()) writeFileSync(`${at}/doc${i}`, randomBytes(kilobytes * 1024, uid + i));
  for (const i of [0, 1]) {
    const body = `${'a line of a letter to the others in the house\n'.repeat(20 + 300 * i)}`;
    writeFileSync(`${at}/letter${i}`, `From: ${name}@lab\nTo: all@lab\nSubject: letter ${i}\n\n${body}`);
  }
  execFileSync('chown', ['-R', `${uid}:${uid}`, at], quiet);
  chmodSync(`${at}/.ssh`, 0o700);
}

const randomBytes = (n: number, seed: number): Buffer => Buffer.from(Uint8Array.from({ length: n }, (_, i) => (i * 131 + seed * 17) & 255));

/** Files p0 .. p19 of 0.4 to 32 KB. */
function pages(): void {
  for (let i = 0; i < 20; i++) {
    const bytes = randomBytes(Math.round(400 * 1.26 ** i), i);
    writeFileSync(`/srv/www/p${i}`, bytes);
    if (i < 12) writeFileSync(`/srv/rsync/p${i}`, bytes);
  }
  writeFileSync('/srv/www/health', 'ok\n');
  mkdirSync('/srv/www/private', { recursive: true });
  writeFileSync('/srv/www/private/index', 'in\n');
  writeFileSync('/srv/users', 'admin:tell-nobody-77\n');
  const subject = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=lab',
    '-days',
    '30',
    '-out',
    '/srv/cert',
    '-keyout',
    '/srv/key',
  ];
  execFileSync('openssl', subject, quiet);
  execFileSync('sh', ['-c', 'cat /srv/cert /srv/key > /srv/pem'], quiet);
}

const lighttpd = (ports: readonly number[], tls: number): string =>
  [
    'server.document-root = "/srv/www"',
    `server.port = ${ports[0]}`,
    'server.bind = "0.0.0.0"',
    'server.modules = ("mod_auth","mod_authn_file","mod_openssl")',
    'auth.backend = "plain"',
    'auth.backend.plain.userfile = "/srv/users"',
    'auth.require = ( "/private" => ("method"=>"basic","realm"=>"lab","require"=>"valid-user") )',
    'mimetype.assign = ( "" => "application/octet-stream" )',
    ...ports.flatMap((p, i) => (i === 0 ? [`$SERVER["socket"] == "[::]:${p}" { }`] : [`$SERVER["socket"] == "0.0.0.0:${p}" { }`])),
    ...['0.0.0.0', '[::]'].map((a) => `$SERVER["socket"] == "${a}:${tls}" { ssl.engine = "enable" ssl.pemfile = "/srv/pem" }`),
    '',
  ].join('\n');

/** Starts the daemons of the day on their hosts. */
export function openServices(world: World, plan: LabPlan): void {
  const { ports } = plan;
  const config = (name: string, text: string): string => {
    writeFileSync(`/srv/${name}`, text);
    return `/srv/${name}`;
  };
  const at = (name: string) => world.host(name).ip4;
  const sshd = (port: number) =>
    config(
      `sshd-${port}`,
      `Port ${port}\nHostKey /srv/host_key\nUsePAM no\nPasswordAuthentication yes\nPermitRootLogin yes\nUseDNS no\nMaxStartups 60\nMaxAuthTries 3\nPidFile none\nStrictModes no\nSubsystem sftp internal-sftp\n`,
    );
  for (const host of ['files', 'web', 'gw']) world.daemon(host, 'sshd', ['/usr/sbin/sshd', '-D', '-e', '-f', sshd(ports.ssh)]);
  world.daemon('web', 'lighttpd', ['lighttpd', '-D', '-f', config('web.conf', lighttpd([ports.web], ports.tls))]);
  for (const host of ['www', 'cdn', 'c2']) {
    world.daemon(host, 'lighttpd', ['lighttpd', '-D', '-f', config(`${host}.conf`, lighttpd(host === 'c2' ? [8080, 4444] : [80], 443))]);
  }
  const records = plan.hosts.flatMap((h) => [`--host-record=${h.name}.lab,${h.ip4},${h.ip6}`]);
  const zone = Array.from({ length: 40 }, (_, i) => `--address=/site${i}.example/${at(i % 2 === 0 ? 'www' : 'cdn')}`);
  const dns = ['-k', '-R', '-h', '-C', '/dev/null', '--pid-file=', '--user=root', '--local=/lab/', '--cache-size=0'];
  world.daemon('names', 'dnsmasq', ['dnsmasq', ...dns, ...records, ...zone]);
  // The gateway announces itself to IPv6 hosts.
  const announce = ['-k', '-R', '-h', '-C', '/dev/null', '--pid-file=', '--user=root', '--port=0', '--enable-ra', '--interface=eth0'];
  world.daemon('gw', 'dnsmasq', ['dnsmasq', ...announce, '--dhcp-range=fd77::,ra-only', '--ra-param=eth0,60', '--leasefile-ro']);
  const clock = (name: string, text: string) => [
    'chronyd',
    '-x',
    '-d',
    '-u',
    'root',
    '-f',
    config(`chrony-${name}`, `${text}\npidfile /run/chrony-${name}\ncmdport 0\nbindcmdaddress /run/chrony-${name}.sock\n`),
  ];
  world.daemon('names', 'chronyd', clock('names', 'local stratum 8\nallow all'));
  for (const u of plan.users.filter((u) => u.clock)) {
    world.daemon(u.host, 'chronyd', clock(u.host, `server ${at('names')} minpoll 4 maxpoll 5 iburst`));
  }
  for (const u of plan.users.filter((u) => u.announces)) {
    const text = `[server]\nhost-name=${u.host}\nenable-dbus=no\nuse-ipv4=yes\nuse-ipv6=yes\nallow-interfaces=eth0\n[publish]\npublish-workstation=yes\n[reflector]\n[wide-area]\n[rlimits]\n`;
    const own = 'mkdir -p /run/avahi-daemon; mount -t tmpfs tmpfs /run/avahi-daemon; exec avahi-daemon --no-drop-root --no-chroot -f';
    world.daemon(u.host, 'avahi', ['unshare', '-m', 'sh', '-c', `${own} ${config(`avahi-${u.host}`, text)}`]);
  }
  if (ports.ftp > 0) world.daemon('files', 'vsftpd', ['vsftpd', config('vsftpd.conf', vsftpd(ports.ftp))]);
  if (ports.rsync > 0) {
    const shares = 'use chroot = no\nuid = root\n[all]\npath = /srv/rsync\nread only = yes\n';
    world.daemon('files', 'rsyncd', [
      'rsync',
      '--daemon',
      '--no-detach',
      `--port=${ports.rsync}`,
      `--config=${config('rsyncd.conf', shares)}`,
    ]);
  }
  if (ports.smtp > 0) {
    const mail = `listen on 0.0.0.0 port ${ports.smtp}\naction "keep" maildir "/srv/mail/%{user.username}"\nmatch from any for any action "keep"\n`;
    world.daemon('mail', 'smtpd', ['/usr/sbin/smtpd', '-d', '-f', config('smtpd.conf', mail)]);
  }
  if (ports.chat > 0) {
    const chat = `[Global]\nName = chat.lab\nInfo = lab\nPorts = ${ports.chat}\nListen = 0.0.0.0\nServerUID = nobody\nServerGID = nogroup\n[Limits]\nMaxConnectionsIP = 0\nPingTimeout = 20\nPongTimeout = 20\n[Options]\nDNS = no\nIdent = no\nPAM = no\nSyslogFacility = local1\n`;
    world.daemon('mail', 'ngircd', ['/usr/sbin/ngircd', '-n', '-f', config('ngircd.conf', chat)]);
  }
  if (ports.mqtt > 0) {
    const broker = `listener ${ports.mqtt} 0.0.0.0\nallow_anonymous true\npersistence false\n`;
    world.daemon('web', 'mosquitto', ['mosquitto', '-c', config('mqtt.conf', broker)]);
  }
  const drop = `table inet down {\n chain in {\n  type filter hook input priority 0;\n  tcp dport { ${downPorts.filtered}, 9000-9999 } drop\n }\n}`;
  execFileSync('nsenter', ['--net=/run/netns/mail', 'nft', '-f', config('down.nft', `${drop}\n`)], quiet);
}

const vsftpd = (port: number): string =>
  `listen=YES\nlisten_port=${port}\nbackground=NO\nanonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\nisolate=NO\nisolate_network=NO\nseccomp_sandbox=NO\nsecure_chroot_dir=/run/vsftpd/empty\npam_service_name=vsftpd\npasv_min_port=40000\npasv_max_port=40100\nxferlog_enable=NO\nmax_login_fails=3\n`;

/** Waits until every service of the day answers; names the first that does not within 20 s. */
export async function checkServices(world: World, plan: LabPlan): Promise<string | null> {
  const { ports } = plan;
  const tcp: (readonly [string, number])[] = [
    ['files', ports.ssh],
    ['web', ports.ssh],
    ['web', ports.web],
    ['web', ports.tls],
    ['www', 80],
    ['cdn', 443],
    ['c2', 8080],
    ['c2', 4444],
    ['files', ports.ftp],
    ['files', ports.rsync],
    ['mail', ports.smtp],
    ['mail', ports.chat],
    ['web', ports.mqtt],
  ];
  const asker = plan.users[0]!.host;
  const probes: [string, string[]][] = tcp
    .filter(([, port]) => port > 0)
    .map(([host, port]) => [`${host}:${port}`, ['ncat', '-z', '-w', '1', world.host(host).ip4, `${port}`]]);
  probes.push(['dns', ['dig', '+time=1', '+tries=1', 'web.lab']]);
  for (const [name, argv] of probes) {
    let answered = false;
    for (let i = 0; i < 40 && !answered; i++) {
      answered = (await world.run(asker, argv, { seconds: 3 })) === 0;
      if (!answered) await new Promise((resolve) => setTimeout(resolve, 500));
    }
    if (!answered) return name;
  }
  return null;
}
