import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './schedule.js';

export interface RunOptions {
  /** User id inside the world; root without one. */
  readonly uid?: number;
  /** Keeps these capabilities for an ordinary user, e.g. ['net_raw']. */
  readonly caps?: readonly string[];
  /** Killed after so many seconds. */
  readonly seconds?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Lines written to standard input, each after its pause in seconds; then the input is closed. */
  readonly say?: readonly (readonly [text: string, pause: number])[];
}

/** A world of namespaces: one recorded bridge `br0`, an outer bridge behind the gateway, one network namespace a host, no route out. */
export interface World {
  /** Runs a program on a host to its end; resolves with its exit code, or 'timeout'. */
  run(host: string, argv: readonly string[], options?: RunOptions): Promise<number | 'timeout' | 'missing'>;
  /** Starts a daemon on a host; its output goes to `<dir>/<name>.log`. */
  daemon(host: string, name: string, argv: readonly string[], options?: RunOptions): ChildProcess;
  /** Joins a host to the truth namespace: what `uid` sends there is also copied to the interface `t<id>` in it. */
  tap(host: string, id: number, uid: number): void;
  host(name: string): Host;
}

const ip = (...argv: string[]): void => void execFileSync('ip', argv, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Without this every checksum is wrong and frames are up to 64 KB: veth leaves both to hardware that is not there. */
const plainFrames = (device: string, within: readonly string[] = []): void => {
  const switches = ['tx', 'rx', 'sg', 'tso', 'gso', 'gro'].flatMap((name) => [name, 'off']);
  const [program, ...rest] = [...within, 'ethtool', '-K', device, ...switches];
  execFileSync(program!, rest, { stdio: 'ignore' });
};

const inside = (host: string): string[] => ['nsenter', `--net=/run/netns/${host}`];

function sh(host: string, script: string): void {
  const [program, ...rest] = [...inside(host), 'sh', '-ec', script];
  execFileSync(program!, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function bridge(name: string): void {
  ip('link', 'add', name, 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0');
  execFileSync('sh', ['-c', `echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6`]);
  ip('link', 'set', name, 'up');
  plainFrames(name);
}

/** A locally administered address that says which host it is: 02:77:00:00, the interface, and the last octet of the IPv4 address. */
export function macOf(ip4: string, device = 'eth0'): string {
  const last = Number(ip4.split('.')[3]).toString(16).padStart(2, '0');
  return `02:77:00:00:${device === 'eth0' ? '00' : '01'}:${last}`;
}

/** One cable: `device` in the host's namespace, `peer` on the bridge. */
function plug(host: string, device: string, peer: string, onto: string, addresses: readonly string[]): void {
  ip('link', 'add', peer, 'type', 'veth', 'peer', 'name', device, 'netns', host);
  execFileSync('sh', ['-c', `echo 1 > /proc/sys/net/ipv6/conf/${peer}/disable_ipv6`]);
  ip('link', 'set', peer, 'master', onto, 'up');
  ip('-n', host, 'link', 'set', device, 'address', macOf(addresses[0]!.split('/')[0]!, device));
  plainFrames(peer);
  for (const address of addresses) ip('-n', host, 'addr', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
  ip('-n', host, 'link', 'set', device, 'up');
  plainFrames(device, inside(host));
}

/** The gateway's addresses on the outer side. */
export const outerGateway = { ip4: '198.51.100.1', ip6: 'fd78::1' } as const;

/**
 * Refuses to work anywhere but in a world unshared for it: a network namespace with nothing but `lo`, and mounts that do not reach out.
 * Called before anything is changed.
 */
export function demandOwnWorld(): void {
  const links = JSON.parse(execFileSync('ip', ['-j', 'link'], { encoding: 'utf8' })) as { ifname: string }[];
  const foreign = links.filter((l) => l.ifname !== 'lo').map((l) => l.ifname);
  if (foreign.length > 0) throw new Error(`not a world of its own: it has the interfaces ${foreign.join(', ')}`);
  const shared = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / shared:\d/.test(line.split(' - ')[0]!));
  if (shared.length > 0) throw new Error(`not a world of its own: ${shared.length} mounts are shared with another`);
}

/** Builds the hosts, bridges and cables; `dir` takes the logs of daemons. Call `demandOwnWorld` first. */
export function createWorld(hosts: readonly Host[], dir: string): World {
  const byName = new Map(hosts.map((h) => [h.name, h]));
  ip('link', 'set', 'lo', 'up');
  bridge('br0');
  bridge('br1');
  ip('netns', 'add', 'truth');
  for (const [i, h] of hosts.entries()) {
    ip('netns', 'add', h.name);
    ip('-n', h.name, 'link', 'set', 'lo', 'up');
    // ARP spoofers forward (a man in the middle would), without telling the victim by redirects.
    sh(
      h.name,
      'cd /proc/sys/net; echo 1 > ipv4/ip_forward; for d in all default; do echo 0 > ipv4/conf/$d/send_redirects; echo 0 > ipv4/conf/$d/rp_filter; done; echo 0 > ipv6/conf/default/autoconf',
    );
    plug(h.name, 'eth0', `p${i}`, h.side === 'inner' ? 'br0' : 'br1', [`${h.ip4}/24`, `${h.ip6}/64`]);
  }
  plug('gw', 'eth1', 'pgw', 'br1', [`${outerGateway.ip4}/24`, `${outerGateway.ip6}/64`]);
  sh('gw', 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; tc qdisc add dev eth1 root tbf rate 20mbit burst 64kb latency 200ms');
  const gate = byName.get('gw')!;
  for (const h of hosts) {
    if (h === gate) continue;
    const via = h.side === 'inner' ? gate : outerGateway;
    ip('-n', h.name, 'route', 'add', 'default', 'via', via.ip4);
    ip('-n', h.name, '-6', 'route', 'add', 'default', 'via', via.ip6);
  }

  const start = (host: string, argv: readonly string[], options: RunOptions, stdio: 'ignore' | number): ChildProcess => {
    const { uid, caps = [], env = {}, say } = options;
    const kept = caps.map((c) => `+${c}`).join(',');
    const capable = kept === '' ? [] : ['--inh-caps', kept, '--ambient-caps', kept];
    const as = uid === undefined ? [] : ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', ...capable, '--'];
    const [program, ...rest] = [...inside(host), ...as, ...argv];
    const child = spawn(program!, rest, {
      stdio: [say === undefined ? 'ignore' : 'pipe', stdio, stdio],
      env: { ...process.env, ...env },
      cwd: '/srv',
      detached: true,
    });
    child.on('error', () => {});
    if (say !== undefined) void speak(child, say);
    return child;
  };

  return {
    host(name) {
      const found = byName.get(name);
      if (found === undefined) throw new Error(`no host ${name}`);
      return found;
    },
    run: (host, argv, options = {}) =>
      new Promise((resolve) => {
        const child = start(host, argv, options, 'ignore');
        let late = false;
        const timer = setTimeout(
          () => {
            late = true;
            // The program's whole process group: hydra and ssh have children.
            if (child.pid !== undefined) killGroup(child.pid);
          },
          (options.seconds ?? 30) * 1000,
        );
        child.on('error', () => resolve('missing'));
        child.on('exit', (code) => {
          clearTimeout(timer);
          resolve(late ? 'timeout' : (code ?? 0));
        });
      }),
    daemon(host, name, argv, options = {}) {
      const log = openSync(join(dir, `${name}-${host}.log`), 'a');
      const child = start(host, argv, options, log);
      closeSync(log);
      return child;
    },
    tap(host, id, uid) {
      const device = `t${id}`;
      ip('link', 'add', device, 'netns', 'truth', 'type', 'veth', 'peer', 'name', device, 'netns', host);
      for (const ns of [host, 'truth']) {
        sh(ns, `echo 1 > /proc/sys/net/ipv6/conf/${device}/disable_ipv6`);
        ip('-n', ns, 'link', 'set', device, 'up');
        plainFrames(device, inside(ns));
      }
      const rules = `table netdev truth${id} {\n chain sent {\n  type filter hook egress device "eth0" priority 0;\n  meta skuid ${uid} dup to "${device}"\n }\n}\n`;
      const file = join(dir, `tap${id}.nft`);
      writeFileSync(file, rules);
      sh(host, `nft -f ${file}`);
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}

async function speak(child: ChildProcess, say: NonNullable<RunOptions['say']>): Promise<void> {
  child.stdin?.on('error', () => {});
  for (const [text, pause] of say) {
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    if (child.exitCode !== null) return;
    child.stdin?.write(text);
  }
  child.stdin?.end();
}
