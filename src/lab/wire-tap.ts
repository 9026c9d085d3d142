import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { loadCapture } from './capture.js';
import { type Sent, sentPackets } from './packet-truth.js';

/** Octets kept of a frame before the headers are cut: enough for every header, and the same IP octets on both captures. */
export const snap = { lan: 14 + 130, truth: 20 + 130 } as const;

/** Captures with tcpdump into `file`, in a network namespace of the world. */
export function startCapture(file: string, argv: readonly string[], netns?: string): ChildProcess {
  const within = netns === undefined ? [] : ['nsenter', `--net=/run/netns/${netns}`];
  const [program, ...rest] = [...within, 'tcpdump', '-q', '-n', '-Z', 'root', '-B', '8192', ...argv, '-w', file];
  return spawn(program!, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Ends a capture as ^C does, and reads what it says it dropped. */
export function endCapture(child: ChildProcess): Promise<number> {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on('exit', () => resolve(Number(/(\d+) packets? dropped by kernel/.exec(text)?.[1] ?? -1)));
    child.kill('SIGINT');
  });
}

/** What attacking processes send, from the copies in the truth namespace. */
export const startTruth = (dir: string): ChildProcess =>
  startCapture(join(dir, 'truth.pcap'), ['-i', 'any', '-y', 'LINUX_SLL2', '-Q', 'in', '-s', `${snap.truth}`], 'truth');

/** Interfaces of the truth namespace as JSON: which attack each copy came from. */
export const truthLinks = (): string => spawnSync('ip', ['-n', 'truth', '-j', 'link'], { encoding: 'utf8' }).stdout;

/** The packets of a truth capture, each with its attack. */
export async function readTruth(dir: string, linksJson: string): Promise<readonly Sent[]> {
  const links = JSON.parse(linksJson) as { ifindex: number; ifname: string }[];
  const attackOf = new Map(links.filter((l) => /^t\d+$/.test(l.ifname)).map((l) => [l.ifindex, Number(l.ifname.slice(1))]));
  return sentPackets(await loadCapture(join(dir, 'truth.pcap')), attackOf);
}
