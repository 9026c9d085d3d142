import { writeFileSync } from 'node:fs';
import type { Random } from '../random.js';
import { attackUid } from './furnish.js';
import type { AttackKind, AttackPlan, LabPlan } from './schedule.js';
import type { World } from './world.js';

const raw = ['net_raw', 'net_admin'];

/** nmap's flag of each scan kind; `-Pn -n --privileged`: no ping, no names, raw sockets without being root. */
const scans: Readonly<Partial<Record<AttackKind, readonly string[]>>> = {
  'syn-scan': ['-sS'],
  'connect-scan': ['-sT'],
  'fin-scan': ['-sF'],
  'null-scan': ['-sN'],
  'xmas-scan': ['-sX'],
  'ack-scan': ['-sA'],
  'udp-scan': ['-sU', '--min-rate', '8'],
  'slow-scan': ['-sS'],
  sweep: ['-sS'],
};
const guessed: Readonly<Partial<Record<AttackKind, string>>> = { 'ssh-guess': 'ssh', 'ftp-guess': 'ftp', 'http-guess': 'http-get' };

/** The command line of an attack that is one program; null for the beacons, which are many. */
export function attackCommand(plan: LabPlan, attack: AttackPlan, address: (name: string) => string): readonly string[] | null {
  const target = address(attack.target);
  const every = attack.every;
  if (attack.kind in scans) {
    const pace = every > 0 ? ['--scan-delay', `${every}s`, '--max-scan-delay', `${every}s`] : ['-T4'];
    const base = ['nmap', '-Pn', '-n', '--privileged', '--disable-arp-ping', '--max-retries', '1', ...scans[attack.kind]!, ...pace];
    if (attack.kind === 'sweep') {
      const hosts = plan.hosts.filter((h) => h.side === 'inner' && h.name !== attack.host).map((h) => h.ip4);
      return [...base, '-p', `${attack.port}`, ...hosts.slice(0, attack.count)];
    }
    return [...base, '--top-ports', `${attack.count}`, target];
  }
  const service = guessed[attack.kind];
  if (service !== undefined) {
    const pace = every > 0 ? ['-c', `${every}`, '-t', '1'] : ['-t', '4'];
    const login = service === 'http-get' ? 'admin' : 'root';
    const page = service === 'http-get' ? ['/private/index'] : [];
    return ['hydra', '-I', '-l', login, '-P', `/srv/words${attack.id}`, ...pace, '-s', `${attack.port}`, target, service, ...page];
  }
  if (attack.kind === 'arp-spoof') return ['arpspoof', '-i', 'eth0', '-t', target, '-r', address('gw')];
  if (attack.kind === 'syn-flood' || attack.kind === 'udp-flood') {
    const how = attack.kind === 'syn-flood' ? ['-S'] : ['--udp', '-d', '64'];
    return ['hping3', '-q', ...how, '-p', `${attack.port}`, '-i', `u${Math.round(1e6 / every)}`, '-c', `${attack.count}`, target];
  }
  return null;
}

export interface AttackEvent {
  readonly id: number;
  /** Microseconds since the epoch. */
  readonly startUs: number;
  readonly endUs: number;
  readonly command: string;
  readonly exit: string;
}

/** Runs one attack under a user id of its own until it ends or its time is up. Only hosts of this world can be its target. */
export async function attack(world: World, plan: LabPlan, job: AttackPlan, dice: Random): Promise<AttackEvent> {
  const address = (name: string) => world.host(name).ip4;
  const uid = attackUid(job.id);
  const options = { uid, caps: raw, env: { HOME: `/home/other${job.id}` } };
  const words = Array.from({ length: job.count }, () => `pw${dice.bits().toString(36)}`);
  if (job.kind in guessed) writeFileSync(`/srv/words${job.id}`, `${words.join('\n')}\n`);
  const startUs = Date.now() * 1000;
  const argv = attackCommand(plan, job, address);
  if (argv !== null) {
    // arpspoof mends the ARP caches for 10 s after an interrupt; killed, it leaves them to time out.
    const exit = await world.run(job.host, argv, { ...options, seconds: job.seconds });
    return { id: job.id, startUs, endUs: Date.now() * 1000, command: argv.join(' '), exit: `${exit}` };
  }
  const call = (): string[] =>
    job.kind === 'beacon'
      ? [
          'curl',
          '-s',
          '-o',
          '/dev/null',
          '--max-time',
          '4',
          `http://${address(job.target)}:${job.port}/p${dice.below(3)}?id=${dice.bits()}`,
        ]
      : [
          'dig',
          '+time=2',
          '+tries=1',
          `@${address(job.target)}`,
          `${dice.bits().toString(36)}${dice.bits().toString(36)}.t.example`,
          'TXT',
        ];
  const until = Date.now() + job.seconds * 1000;
  let calls = 0;
  while (Date.now() < until) {
    await world.run(job.host, call(), { ...options, seconds: 6 });
    calls++;
    // A bot's timer: regular, with a tenth (HTTP) or three tenths (DNS) of jitter.
    const jitter = job.kind === 'beacon' ? 0.1 : 0.3;
    const pause = job.every * (1 + jitter * (2 * dice.next() - 1));
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause * 1000, Math.max(0, until - Date.now()))));
  }
  return { id: job.id, startUs, endUs: Date.now() * 1000, command: `${call()[0]} every ${job.every}s`, exit: `${calls} calls` };
}
