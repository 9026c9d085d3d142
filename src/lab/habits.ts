import type { Random } from '../random.js';
import { password, personUid } from './furnish.js';
import type { Habit, LabPlan, UserPlan } from './schedule.js';
import { downPorts } from './services.js';
import type { RunOptions, World } from './world.js';

/** What one user needs to do things: dice of their own, and a way to run a program as themselves. */
interface Person {
  readonly name: string;
  readonly plan: LabPlan;
  readonly dice: Random;
  readonly world: World;
  run(argv: readonly string[], options?: RunOptions): Promise<unknown>;
}

const quietly = ['-s', '-o', '/dev/null', '--max-time', '8'];
const pick = <T>(dice: Random, from: readonly T[]): T => from[dice.below(from.length)]!;
const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const pages = (p: Person, base: string, most: number): string[] =>
  Array.from({ length: 1 + p.dice.below(most) }, () => `${base}/p${p.dice.below(20)}`);

/** Each page of a visit over its own connection (short pages) or all over one, as browsers do both. */
const visit = async (p: Person, base: string, flags: readonly string[] = []): Promise<void> => {
  const wanted = pages(p, base, 4);
  if (p.dice.next() < 0.5) await p.run(['curl', ...quietly, ...flags, ...wanted]);
  else for (const url of wanted) await p.run(['curl', ...quietly, ...flags, url]);
};

const words = ['hello', 'are you there', 'see the wiki', 'lunch at noon?', 'ok', 'merged', 'brb', 'the build is green again'];

/** One session of each habit. */
const habits: Readonly<Record<Habit, (p: Person) => Promise<unknown>>> = {
  web: (p) =>
    p.dice.next() < 0.3
      ? visit(p, `https://web.lab:${p.plan.ports.tls}`, ['-k', '-4'])
      : visit(p, `http://web.lab:${p.plan.ports.web}`, ['-4']),
  browse: (p) => visit(p, `${p.dice.next() < 0.5 ? 'http' : 'https'}://site${p.dice.below(40)}.example`, ['-k']),
  web6: (p) => visit(p, `http://web.lab:${p.plan.ports.web}`, ['-6']),
  dns: (p) => p.run(['dig', '+time=2', '+tries=1', `site${p.dice.below(60)}.example`, pick(p.dice, ['A', 'AAAA', 'MX'])]),
  async busyDns(p) {
    for (let n = 3 + p.dice.below(8); n > 0; n--) {
      await p.run([
        'dig',
        '+time=2',
        '+tries=1',
        `host${p.dice.below(5000)}.zone${p.dice.below(9)}.lab`,
        pick(p.dice, ['A', 'AAAA', 'TXT', 'PTR']),
      ]);
    }
  },
  ssh(p) {
    const lines: [string, number][] = Array.from({ length: 2 + p.dice.below(6) }, () => [
      pick(p.dice, ['ls -l\n', 'date\n', 'cat doc0 | head -c 500\n', 'id\n']),
      0.5 + 2 * p.dice.next(),
    ]);
    const family = p.dice.next() < 0.25 ? '-6' : '-4';
    return p.run(['ssh', '-T', family, `${p.name}@${pick(p.dice, ['files.lab', 'files.lab', 'web.lab'])}`], {
      say: [...lines, ['exit\n', 1]],
      seconds: 40,
    });
  },
  // A password mistyped once or twice, then right: guessing in small, and benign.
  async sshTypo(p) {
    const right = password(p.name);
    const ask = (secret: string) =>
      p.run(['ssh', '-T', '-o', 'PubkeyAuthentication=no', '-o', 'NumberOfPasswordPrompts=1', `${p.name}@files.lab`, 'ls'], {
        env: { SSH_ASKPASS: '/srv/ask', SSH_ASKPASS_REQUIRE: 'force', LAB_SECRET: secret },
      });
    for (let wrong = 1 + p.dice.below(2); wrong > 0; wrong--) {
      await ask(`${right.slice(0, -1)}${wrong}`);
      await sleep(1 + 2 * p.dice.next());
    }
    await ask(right);
  },
  scp: (p) => p.run(['scp', '-q', `doc${p.dice.below(3)}`, `${p.name}@files.lab:copy${p.dice.below(4)}`]),
  sftp: (p) =>
    p.run(['sftp', '-q', '-b', '-', `${p.name}@files.lab`], {
      say: [
        ['ls\n', 0.2],
        [`get doc${p.dice.below(3)} got\n`, 1],
        [`put doc${p.dice.below(3)} sent\n`, 1 + p.dice.next()],
        ['bye\n', 0.5],
      ],
    }),
  rsync: (p) =>
    p.dice.next() < 0.6
      ? p.run(['rsync', '-a', '--timeout=8', `rsync://files.lab:${p.plan.ports.rsync}/all/`, 'mirror/'])
      : p.run(['rsync', '-a', '--ignore-times', '-e', 'ssh', `${p.name}@files.lab:doc${p.dice.below(3)}`, 'synced']),
  ftp(p) {
    const base = ['curl', ...quietly, '--user', `${p.name}:${password(p.name)}`];
    const url = `ftp://files.lab:${p.plan.ports.ftp}/`;
    return p.dice.next() < 0.6
      ? p.run([...base, url, `${url}doc${p.dice.below(3)}`])
      : p.run([...base, '-T', `doc${p.dice.below(3)}`, url]);
  },
  mail: (p) =>
    p.run([
      'curl',
      ...quietly,
      `smtp://mail.lab:${p.plan.ports.smtp}`,
      '--mail-from',
      `${p.name}@lab`,
      '--mail-rcpt',
      `${pick(p.dice, p.plan.users).host}@lab`,
      '--crlf',
      '-T',
      `letter${p.dice.below(2)}`,
    ]),
  chat(p) {
    const said: [string, number][] = Array.from({ length: 2 + p.dice.below(6) }, () => [
      `PRIVMSG #all :${pick(p.dice, words)}\r\n`,
      1 + 4 * p.dice.next(),
    ]);
    const hello = `NICK ${p.name}\r\nUSER ${p.name} 0 * :${p.name}\r\n`;
    return p.run(['ncat', 'mail.lab', `${p.plan.ports.chat}`], {
      say: [[hello, 0.1], ['JOIN #all\r\n', 1], ...said, ['QUIT :bye\r\n', 1]],
      seconds: 60,
    });
  },
  async telemetry(p) {
    const host = ['mosquitto_pub', '-h', 'web.lab', '-p', `${p.plan.ports.mqtt}`, '-t', `room/${p.name}`];
    for (let n = 1 + p.dice.below(3); n > 0; n--) await p.run([...host, '-m', `${p.dice.below(1000)}`]);
  },
  mdns: (p) => p.run(['dig', '+time=1', '+tries=1', '-p', '5353', '@224.0.0.251', `${pick(p.dice, p.plan.users).host}.local`]),
  ping: (p) =>
    p.run([
      'ping',
      p.dice.next() < 0.3 ? '-6' : '-4',
      '-n',
      '-c',
      `${1 + p.dice.below(3)}`,
      '-W',
      '1',
      `${pick(p.dice, ['gw', 'files', 'web'])}.lab`,
    ]),
  // Asks again and again for services that are down: refused, or no answer at all.
  async broken(p) {
    for (let n = 1 + p.dice.below(5); n > 0; n--) {
      const target = p.dice.next() < 0.7 ? `web.lab:${downPorts.closed}` : `mail.lab:${downPorts.filtered}`;
      await p.run(['curl', ...quietly, '-4', '--connect-timeout', '2', `http://${target}/`]);
    }
  },
  health: (p) => p.run(['curl', ...quietly, '-4', `http://web.lab:${p.plan.ports.web}/health`]),
  // An admin looks whether the services are up: a scan in small, and benign.
  async portCheck(p) {
    const { ssh, web, tls, smtp } = p.plan.ports;
    const at: [string, number][] = [
      ['files', ssh],
      ['web', ssh],
      ['web', web],
      ['web', tls],
      ['mail', smtp],
      ['web', downPorts.closed],
      ['names', 53],
    ];
    for (const [host, port] of at) if (port > 0) await p.run(['ncat', '-z', '-w', '1', p.world.host(host).ip4, `${port}`]);
  },
};

/** Lives one user's day until `until` (milliseconds): choose a habit by weight, do it, pause. */
export async function liveDay(world: World, plan: LabPlan, user: UserPlan, dice: Random, until: number): Promise<number> {
  const uid = personUid(plan, user.host);
  const env = { HOME: `/home/${user.host}`, USER: user.host };
  const person: Person = {
    name: user.host,
    plan,
    dice,
    world,
    run: (argv, options = {}) =>
      world.run(user.host, ['env', '-C', `/home/${user.host}`, ...argv], {
        uid,
        ...options,
        env: { ...env, ...options.env },
        seconds: Math.max(0.5, Math.min(options.seconds ?? 20, (until - Date.now()) / 1000)),
      }),
  };
  const chances = Object.entries(user.habits) as [Habit, number][];
  const total = chances.reduce((sum, [, weight]) => sum + weight, 0);
  let doings = 0;
  await sleep(user.pace * dice.next());
  while (Date.now() < until) {
    let mark = dice.next() * total;
    const chosen =
      chances.find(([, weight]) => {
        mark -= weight;
        return mark < 0;
      }) ?? chances[0]!;
    await habits[chosen[0]](person);
    doings++;
    await sleep(Math.min(user.pace * (0.5 + dice.next()), Math.max(0, (until - Date.now()) / 1000)));
  }
  return doings;
}
