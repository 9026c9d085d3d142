import { spawn } from 'node:child_process';
import type { CaptureCounts, CaptureJob, Tap } from './live-messages.js';

const statistics = /(\d+) packets? (captured|received by filter|dropped by kernel|dropped by interface)/g;

/** tcpdump's own counts, as it prints them when it ends and on SIGUSR1; null where there are none. */
export function readStatistics(text: string): CaptureCounts | null {
  const found = new Map([...text.matchAll(statistics)].map(([, count, what]) => [what, Number(count)]));
  if (found.size === 0) return null;
  return {
    received: found.get('captured') ?? null,
    kernel: found.get('dropped by kernel') ?? 0,
    device: found.get('dropped by interface') ?? 0,
    reader: 0, // a slow reader holds tcpdump up, and the kernel drops
  };
}

/**
 * Captures through tcpdump, which writes its pcap stream to file descriptor `fd`: the way where the addon is absent.
 * No frame is lost by it, at 3 to 20 times the work.
 * @throws tcpdump's words
 */
export function tapByTcpdump(job: CaptureJob, fd: number): Promise<Tap> {
  const { filter, snapLength, bufferBytes } = job;
  const from =
    job.file === undefined ? ['-i', job.interface, '--immediate-mode', '-B', `${Math.ceil(bufferBytes / 1024)}`] : ['-r', job.file];
  const argv = ['-n', '-U', '-s', `${snapLength}`, ...from, '-w', '-', '--', ...(filter === '' ? [] : [filter])];
  return new Promise((resolve, reject) => {
    // A group of its own: Ctrl-C at the terminal is for the reader, who then ends this in order.
    const child = spawn('tcpdump', argv, { stdio: ['ignore', fd, 'pipe'], detached: true });
    let text = '';
    let latest: CaptureCounts = { received: null, kernel: 0, device: 0, reader: 0 };
    const words = (): string =>
      text
        .replace(/^tcpdump: /gm, '')
        .trim()
        .split('\n')
        .slice(0, 2)
        .join(' ');
    const ended = new Promise<void>((done) => child.on('close', () => done()));
    const kill = (): void => void child.kill('SIGKILL');
    child.on('error', (error) => reject(error));
    child.on('close', () => reject(new Error(words() || 'tcpdump ended without a word')));
    child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-4096);
      latest = readStatistics(text) ?? latest;
      if (!/listening on|reading from/.test(text)) return;
      text = readStatistics(text) ? '' : text;
      resolve({
        through: 'tcpdump',
        counts: () => {
          child.kill('SIGUSR1'); // the answer is in the next counts
          return latest;
        },
        ended,
        async stop() {
          child.kill('SIGINT');
          const late = setTimeout(kill, 1000);
          await ended;
          clearTimeout(late);
        },
        kill,
      });
    });
  });
}
