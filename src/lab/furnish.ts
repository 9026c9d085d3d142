import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPlan } from './schedule.js';

/** Users of the world: a person's account, and one user id for each attack so that every packet names its attack. */
export const personUid = (plan: LabPlan, host: string): number => 2001 + plan.hosts.findIndex((h) => h.name === host);
export const attackUid = (id: number): number => 6100 + id;
export const password = (person: string): string => `${person}-keeps-it-42`;

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
