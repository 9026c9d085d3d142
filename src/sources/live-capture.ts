import { type ChildProcess, fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { NetloopError } from '../errors.js';
import { captureError } from './interfaces.js';
import { type CaptureCounts, type CaptureJob, type CaptureNews, noCounts, type Through } from './live-messages.js';

/** The process's entry is compiled JavaScript, also when this file is run from its TypeScript source (tests). */
const entry = fileURLToPath(
  import.meta.url
    .replace(/\/src\/sources\/live-capture\.ts$/, '/dist/sources/live-capture.js')
    .replace(/live-capture\.js$/, 'live-child.js'),
);

/** Milliseconds a capture may take to begin, and to end. */
const PATIENCE = { begin: 10_000, end: 2000 };

/** A process that captures. */
export interface Capture {
  readonly pid: number;
  readonly through: Through;
  /** A pcap stream; it ends with the process. */
  readonly stream: Readable;
  counts(): CaptureCounts;
  /** The process's last words, once it has ended. */
  lastWords(): string;
  /** Lets it hand over what it has and end; `stream` is read to its end meanwhile. */
  stop(): void;
  /** Ends it and waits until it has gone. Safe to call again. */
  end(): Promise<void>;
}

/**
 * Starts a process that captures, and waits until it does. When this process ends, however it ends, that one does too.
 * @throws NL_RIGHTS, NL_OPTION (filter, interface), NL_FILE_MISSING (interface down), NL_WORKER (it died or did not begin)
 */
export function startCapture(job: CaptureJob): Promise<Capture> {
  const child = fork(entry, [JSON.stringify(job)], { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
  const stream = child.stdio[3] as Readable;
  let counts = noCounts;
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
    words = (words + piece).slice(-2000);
  });
  stream.on('error', () => {}); // the process's death is told by its exit
  const until = (event: string): Promise<void> => new Promise((resolve) => child.once(event, () => resolve()));
  // 'disconnect' comes after the last message, which may be later than 'exit'.
  const gone = Promise.race([Promise.all([until('exit'), until('disconnect')]), until('error')]);
  const stop = (): void => {
    if (child.connected) child.send('stop', () => {});
  };
  const end = async (): Promise<void> => {
    stream.destroy();
    stop();
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE.end);
    await gone;
    clearTimeout(late);
  };
  return new Promise((resolve, reject) => {
    let begun = false;
    const fail = (error: NetloopError): void => {
      clearTimeout(late);
      if (!begun) void end().then(() => reject(error));
    };
    const died = (what: string) => new NetloopError('NL_WORKER', `the capturing process ${what}: ${words.trim() || 'no words'}`);
    const late = setTimeout(() => fail(died(`did not begin within ${PATIENCE.begin / 1000} s`)), PATIENCE.begin);
    child.on('message', (news: CaptureNews) => {
      if (news.kind === 'counts') counts = news.counts;
      else if (news.kind === 'failed') fail(captureError(news.message, job));
      else {
        begun = true;
        clearTimeout(late);
        resolve({ pid: pidOf(child), through: news.through, stream, counts: () => counts, lastWords: () => words.trim(), stop, end });
      }
    });
    void gone.then(() => fail(died('died')));
    child.once('error', (cause) => fail(new NetloopError('NL_WORKER', 'the capturing process cannot be started', { cause })));
  });
}

const pidOf = (child: ChildProcess): number => child.pid ?? 0;
