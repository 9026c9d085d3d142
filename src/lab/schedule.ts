import { createRandom, type Random } from '../random.js';
import { attacksOf } from './schedule-attacks.js';

/** A host of the world: `inner` ones hang on the recorded bridge, `outer` ones behind the gateway. */
export interface Host {
  readonly name: string;
  readonly side: 'inner' | 'outer';
  readonly ip4: string;
  readonly ip6: string;
}

export const habitNames = [
  'web',
  'browse',
  'web6',
  'dns',
  'busyDns',
  'ssh',
  'sshTypo',
  'scp',
  'sftp',
  'rsync',
  'ftp',
  'mail',
  'chat',
  'telemetry',
  'mdns',
  'ping',
  'broken',
  'health',
  'portCheck',
] as const;
export type Habit = (typeof habitNames)[number];

/** One benign user: what they do, how often (weights), and the mean pause between two doings in seconds. */
export interface UserPlan {
  readonly host: string;
  readonly pace: number;
  readonly habits: Readonly<Partial<Record<Habit, number>>>;
  /** Runs an NTP client / an mDNS responder of its own. */
  readonly clock: boolean;
  readonly announces: boolean;
}

export const attackKinds = [
  'syn-scan',
  'connect-scan',
  'fin-scan',
  'null-scan',
  'xmas-scan',
  'ack-scan',
  'udp-scan',
  'sweep',
  'slow-scan',
  'ssh-guess',
  'ftp-guess',
  'http-guess',
  'arp-spoof',
  'syn-flood',
  'udp-flood',
  'beacon',
  'dns-beacon',
] as const;
export type AttackKind = (typeof attackKinds)[number];

/** One attack: `at` and `seconds` (the longest it may last) count from the start of the capture. */
export interface AttackPlan {
  readonly id: number;
  readonly kind: AttackKind;
  readonly host: string;
  readonly target: string;
  readonly at: number;
  readonly seconds: number;
  /** TCP or UDP port where the kind has one. */
  readonly port: number;
  /** Ports probed, passwords tried or packets sent. */
  readonly count: number;
  /** Seconds between two steps, 0 for as fast as the tool goes; for floods packets a second. */
  readonly every: number;
}

/** Where the servers listen. Port 0: the service does not exist on this day. */
export interface ServicePorts {
  readonly ssh: number;
  readonly web: number;
  readonly tls: number;
  readonly ftp: number;
  readonly rsync: number;
  readonly smtp: number;
  readonly chat: number;
  readonly mqtt: number;
}
export type Service = keyof ServicePorts;

export type Day = 'day1' | 'day2';

export interface LabPlan {
  readonly day: Day;
  readonly seed: number;
  /** Length of the capture in seconds. */
  readonly seconds: number;
  readonly hosts: readonly Host[];
  readonly users: readonly UserPlan[];
  readonly ports: ServicePorts;
  readonly attacks: readonly AttackPlan[];
}

/** The length the attack times are written for; other lengths are scaled. */
export const nominalSeconds = 1450;

const inner = (name: string, n: number): Host => ({ name, side: 'inner', ip4: `10.77.0.${n}`, ip6: `fd77::${n}` });
const outer = (name: string, n: number): Host => ({ name, side: 'outer', ip4: `198.51.100.${n}`, ip6: `fd78::${n}` });
const servers = [inner('gw', 1), inner('files', 11), inner('web', 12), inner('names', 13), inner('mail', 14)];
const outside = [outer('www', 10), outer('cdn', 20), outer('c2', 66), outer('stranger', 77)];
const people = ['ana', 'ben', 'cem', 'dia', 'eli', 'fay', 'gus', 'hal', 'ivy', 'jon', 'kim', 'lea', 'max', 'noa'];

const user = (host: string, pace: number, habits: UserPlan['habits'], clock = false, announces = false): UserPlan => ({
  host,
  pace,
  habits,
  clock,
  announces,
});

const users: Record<Day, readonly UserPlan[]> = {
  day1: [
    user('ana', 6, { web: 5, browse: 4, mail: 2, dns: 1 }, true, true),
    user('ben', 6, { ssh: 4, scp: 2, web: 3, ping: 1 }, true),
    user('cem', 5, { web: 4, chat: 3, browse: 2, dns: 1 }, false, true),
    user('dia', 7, { ftp: 4, sftp: 2, web: 2 }, true),
    user('eli', 6, { browse: 6, web6: 3, dns: 1 }, false, true),
    user('fay', 8, { rsync: 3, ssh: 2, mail: 3 }, true),
    user('gus', 5, { web: 3, browse: 3, mdns: 2, ping: 1 }, false, true),
    user('hal', 6, { sshTypo: 2, ssh: 3, web: 3, mail: 1 }),
    user('ivy', 3, { busyDns: 5, web: 2 }, true),
    user('jon', 5, { broken: 5, web: 3, browse: 1 }),
    user('kim', 5, { health: 6, portCheck: 1, ping: 1 }, true, true),
    user('lea', 7, { mail: 4, chat: 2, web6: 2, web: 2 }),
  ],
  day2: [
    user('ana', 5, { browse: 6, web: 2, telemetry: 1, dns: 1 }, true, true),
    user('ben', 7, { ssh: 3, sftp: 4, rsync: 2, mail: 1 }),
    user('cem', 5, { chat: 4, web: 3, web6: 2, mail: 1 }, true, true),
    user('dia', 6, { sftp: 5, scp: 2, browse: 3 }, true),
    user('fay', 5, { web: 3, browse: 3, telemetry: 2, mail: 1 }),
    user('gus', 6, { broken: 3, web: 3, mdns: 2 }, false, true),
    user('hal', 7, { ssh: 4, scp: 3, web: 2 }, true),
    user('ivy', 5, { web6: 4, web: 3, dns: 2, mail: 1 }),
    user('jon', 3, { busyDns: 4, browse: 3 }, true),
    user('kim', 6, { sshTypo: 3, ssh: 3, health: 3 }, false, true),
    user('max', 3, { telemetry: 6, health: 2 }, true, true),
    user('noa', 5, { portCheck: 2, browse: 4, ftp: 1, mail: 2, broken: 1 }),
  ],
};

const ports: Record<Day, ServicePorts> = {
  day1: { ssh: 22, web: 80, tls: 443, ftp: 21, rsync: 873, smtp: 25, chat: 6667, mqtt: 0 },
  day2: { ssh: 2222, web: 8080, tls: 443, ftp: 21, rsync: 873, smtp: 587, chat: 6697, mqtt: 1883 },
};

/** The attacks of a plan of this length: start times move by up to 4 s with the seed; a very short plan keeps `most` kinds only. */
function placeAttacks(day: Day, seconds: number, dice: Random): AttackPlan[] {
  const scale = seconds / nominalSeconds;
  const all = attacksOf(day);
  const short = ['syn-scan', 'ssh-guess', 'beacon', 'arp-spoof', 'udp-scan'];
  const kept = seconds >= 100 ? all : all.filter((a, i) => short.includes(a.kind) && all.findIndex((b) => b.kind === a.kind) === i);
  return kept.map((attack, i) => {
    const start = seconds >= 100 ? (attack.at + dice.next() * 8 - 4) * scale : seconds * (0.1 + (0.5 * i) / kept.length);
    const at = Math.round(start * 1000) / 1000;
    return { ...attack, id: i, at, seconds: Math.min(Math.max(attack.seconds * scale, 8), seconds - at - 1) };
  });
}

/**
 * The plan of a recording: pure, the same for the same arguments. `without` leaves out services (and the habits that need
 * them) whose programs are not there.
 * @example planDay('day1', 1450, 101).attacks.length
 */
export function planDay(day: Day, seconds: number, seed: number, without: readonly Service[] = []): LabPlan {
  const dice = createRandom(seed).fork(day);
  const needs: Partial<Record<Habit, Service>> = { mail: 'smtp', chat: 'chat', telemetry: 'mqtt', ftp: 'ftp', rsync: 'rsync' };
  const gone = (habit: string) => {
    const service = needs[habit as Habit];
    return service !== undefined && without.includes(service);
  };
  const kept = users[day].map((u) => ({ ...u, habits: Object.fromEntries(Object.entries(u.habits).filter(([habit]) => !gone(habit))) }));
  const hosts = [
    ...servers,
    ...outside,
    ...people.map((name, i) => inner(name, 21 + i)).filter((h) => kept.some((u) => u.host === h.name)),
  ];
  const open = Object.fromEntries(Object.entries(ports[day]).map(([name, port]) => [name, without.includes(name as Service) ? 0 : port]));
  return {
    day,
    seed,
    seconds,
    hosts,
    users: kept,
    ports: open as unknown as ServicePorts,
    attacks: placeAttacks(day, seconds, dice.fork('attacks')),
  };
}
