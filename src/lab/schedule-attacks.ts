import type { AttackKind, AttackPlan, Day } from './schedule.js';

type Row = readonly [
  at: number,
  kind: AttackKind,
  host: string,
  target: string,
  seconds: number,
  options?: { port?: number; count?: number; every?: number },
];

// Two minutes of benign lead-in; starts at least 30 s apart; every ten minutes hold several kinds.
const day1: readonly Row[] = [
  [130, 'beacon', 'cem', 'c2', 1250, { port: 8080, every: 10 }],
  [162, 'syn-scan', 'ben', 'files', 40, { count: 150 }],
  [195, 'ssh-guess', 'hal', 'files', 80, { port: 22, count: 48 }],
  [228, 'slow-scan', 'lea', 'web', 250, { count: 60, every: 4 }],
  [265, 'ftp-guess', 'ben', 'files', 60, { port: 21, count: 40 }],
  [300, 'arp-spoof', 'gus', 'eli', 45],
  [360, 'fin-scan', 'dia', 'web', 40, { count: 120 }],
  [430, 'connect-scan', 'hal', 'mail', 40, { count: 120 }],
  [465, 'ssh-guess', 'stranger', 'files', 50, { port: 22, count: 40 }],
  [520, 'syn-flood', 'ben', 'web', 8, { port: 80, count: 900, every: 120 }],
  [560, 'sweep', 'cem', 'web', 30, { port: 22, count: 24 }],
  [650, 'ssh-guess', 'stranger', 'web', 90, { port: 22, count: 24, every: 3 }],
  [690, 'syn-scan', 'lea', 'names', 40, { count: 150 }],
  [735, 'ftp-guess', 'hal', 'files', 120, { port: 21, count: 24, every: 4 }],
  [790, 'arp-spoof', 'gus', 'ivy', 45],
  [850, 'fin-scan', 'ben', 'files', 40, { count: 120 }],
  [885, 'slow-scan', 'stranger', 'web', 250, { count: 60, every: 4 }],
  [925, 'ssh-guess', 'dia', 'web', 80, { port: 22, count: 48 }],
  [990, 'connect-scan', 'stranger', 'files', 40, { count: 120 }],
  [1050, 'syn-flood', 'hal', 'files', 8, { port: 21, count: 900, every: 120 }],
  [1120, 'syn-scan', 'gus', 'gw', 40, { count: 150 }],
  [1235, 'ssh-guess', 'ben', 'files', 80, { port: 22, count: 48 }],
  [1295, 'fin-scan', 'lea', 'files', 40, { count: 120 }],
  [1345, 'syn-scan', 'hal', 'mail', 40, { count: 150 }],
];

// Other attackers, targets, ports and paces, and kinds that day 1 never showed.
const day2: readonly Row[] = [
  [128, 'beacon', 'fay', 'c2', 1250, { port: 4444, every: 20 }],
  [160, 'udp-scan', 'ivy', 'names', 60, { count: 60 }],
  [195, 'null-scan', 'kim', 'files', 40, { count: 120 }],
  [228, 'ssh-guess', 'noa', 'files', 250, { port: 2222, count: 40, every: 5 }],
  [300, 'xmas-scan', 'fay', 'web', 40, { count: 120 }],
  [340, 'arp-spoof', 'ana', 'jon', 45],
  [400, 'http-guess', 'ivy', 'web', 50, { port: 8080, count: 60 }],
  [445, 'syn-scan', 'max', 'mail', 60, { count: 100, every: 0.3 }],
  [510, 'syn-flood', 'kim', 'web', 6, { port: 443, count: 900, every: 200 }],
  [556, 'connect-scan', 'stranger', 'files', 40, { count: 100 }],
  [620, 'dns-beacon', 'hal', 'names', 700, { port: 53, every: 9 }],
  [655, 'ssh-guess', 'fay', 'files', 80, { port: 2222, count: 48 }],
  [705, 'udp-scan', 'noa', 'files', 60, { count: 60 }],
  [770, 'null-scan', 'stranger', 'web', 40, { count: 100 }],
  [820, 'ftp-guess', 'ivy', 'files', 150, { port: 21, count: 30, every: 4 }],
  [880, 'arp-spoof', 'ana', 'cem', 45],
  [915, 'slow-scan', 'kim', 'mail', 240, { count: 40, every: 6 }],
  [960, 'udp-flood', 'max', 'names', 7, { port: 5060, count: 600, every: 100 }],
  [1020, 'http-guess', 'noa', 'web', 50, { port: 8080, count: 60 }],
  [1080, 'xmas-scan', 'ivy', 'files', 40, { count: 120 }],
  [1140, 'sweep', 'fay', 'web', 30, { port: 2222, count: 24 }],
  [1240, 'ack-scan', 'kim', 'web', 40, { count: 120 }],
  [1295, 'syn-scan', 'noa', 'names', 60, { count: 100, every: 0.2 }],
  [1345, 'ssh-guess', 'ivy', 'web', 80, { port: 2222, count: 30 }],
];

/** The attacks of a day as written for the nominal length; times in seconds. */
export const attacksOf = (day: Day): AttackPlan[] =>
  (day === 'day1' ? day1 : day2).map(([at, kind, host, target, seconds, { port = 0, count = 0, every = 0 } = {}], id) => ({
    id,
    kind,
    host,
    target,
    at,
    seconds,
    port,
    count,
    every,
  }));
