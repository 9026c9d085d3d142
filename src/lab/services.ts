import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { LabPlan } from './schedule.js';
import type { World } from './world.js';

/** The one wrong turn many people take: a service that is down. Closed on `web`, filtered (no answer) on `mail`. */
export const downPorts = { closed: 8081, filtered: 8082 } as const;

const quiet = { stdio: 'ignore' } as const;

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
