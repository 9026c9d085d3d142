// The entry of a capturing process: one capture, then its end. `live-capture.ts` starts it; the frames leave through descriptor 3.
import { createRequire } from 'node:module';
import { type Addon, tapByAddon } from './live-addon.js';
import type { CaptureJob, CaptureNews, Tap } from './live-messages.js';
import { tapByTcpdump } from './tcpdump.js';

const FRAMES = 3;

const say = (news: CaptureNews): Promise<void> =>
  new Promise((resolve) => (process.connected ? process.send!(news, () => resolve()) : resolve()));

/** By `require`: the package is optional, built only where libpcap's headers are, and its types must not be needed either. */
function addon(): Addon | null {
  try {
    return createRequire(import.meta.url)('pcap') as Addon;
  } catch {
    return null;
  }
}

async function open(job: CaptureJob): Promise<Tap> {
  const pcap = job.through === 'tcpdump' ? null : addon();
  return pcap ? tapByAddon(job, pcap, FRAMES) : tapByTcpdump(job, FRAMES);
}

let tap: Tap | null = null;
let stopping = false;

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await tap?.stop();
  if (tap) await say({ kind: 'counts', counts: tap.counts() });
  process.exit(0);
}

process.on('SIGINT', () => {}); // Ctrl-C reaches the whole terminal group; the reader decides
process.on('exit', () => tap?.kill());
// The reader has gone, perhaps killed: nobody is left to capture for.
process.on('disconnect', () => process.exit(0));
process.on('message', (word) => void (word === 'stop' && stop()));

try {
  const job = JSON.parse(process.argv[2]!) as CaptureJob;
  tap = await open(job);
  await say({ kind: 'ready', through: tap.through });
  const open_ = tap;
  setInterval(() => void say({ kind: 'counts', counts: open_.counts() }), 1000);
  void tap.ended.then(stop);
} catch (error) {
  await say({ kind: 'failed', message: (error as Error).message });
  process.exit(1);
}
