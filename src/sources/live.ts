import { NetloopError, number } from '../errors.js';
import type { Damage, Frames, ReadOptions, Source } from '../source.js';
import { createDamageLog, type DamageLog } from './batch.js';
import { checkInterface } from './interfaces.js';
import { type Capture, startCapture } from './live-capture.js';
import { type CaptureCounts, type CaptureJob, noCounts, type Through } from './live-messages.js';
import { framesOf } from './pcap-file.js';
import { ticking } from './ticking.js';
import { createTimeline } from './timeline.js';
import { watchWire } from './watch-wire.js';

export interface LiveOptions {
  /** A name as `ip link` prints it, or 'any'. */
  readonly interface: string;
  /** pcap-filter(7), e.g. 'tcp port 22'. */
  readonly filter?: string;
  /** Octets kept of a frame, 256 unless told: headers, also inside tunnels, and hardly any content. */
  readonly snapLength?: number;
  /** Megabytes (2^20) of the kernel's ring, and of the queue to a slow reader. */
  readonly bufferMegabytes?: number;
  /** Default: the pcap addon, or tcpdump where it is absent. */
  readonly through?: Through;
  /** Ends the capture as a file ends: what was seen is delivered, and reading returns. (The reader's own signal cancels instead.) */
  readonly stop?: AbortSignal;
  /** Seconds without a packet that are told of. */
  readonly silence?: number;
  /** Told at most a few times a second: frames dropped, the interface down or up again, silence. */
  readonly onNotice?: (notice: string) => void;
}

/** Milliseconds between looks at the interface. */
const SECOND = 1000;
/** Microseconds by which the clock of an idle wire is late, so that frames on their way are not behind it. */
const LAG = 100_000;

function jobOf({ interface: name, filter = '', snapLength = 256, bufferMegabytes = 32, through }: LiveOptions): CaptureJob {
  number('snapLength', snapLength, { min: 14, max: 262144, integer: true });
  number('bufferMegabytes', bufferMegabytes, { min: 1, max: 1024 });
  checkInterface(name);
  return { interface: name, filter, snapLength, bufferBytes: Math.round(bufferMegabytes * 2 ** 20), through };
}

/**
 * A network interface as a source: frames cut to their headers, as they come. Reading it captures, in a process of its own; a slow reader
 * loses frames, never order, and `damage()` says how many ('dropped by kernel', 'dropped by device', 'dropped by reader').
 * While nothing arrives an empty batch with the clock comes once a second.
 * @throws NL_OPTION (interface: with those there are; filter: in libpcap's words), NL_RIGHTS with what to type, NL_FILE_MISSING (interface
 *   down), NL_WORKER, all before the first batch; while reading NL_FILE_MISSING when the interface vanishes, NL_WORKER when the capturing
 *   process dies, both after everything captured before; NL_CANCELLED
 * @example const wire = await openLive({ interface: 'eth0', filter: 'not port 22', stop: AbortSignal.timeout(60_000) })
 */
export async function openLive(options: LiveOptions): Promise<Source> {
  const job = jobOf(options);
  await (await startCapture(job)).end(); // what would fail fails now, and a source that is never read costs nothing
  return createLiveSource(job, options);
}

/** @internal The source of a job, unchecked: tests give it a file. */
export function createLiveSource(job: CaptureJob, options: Omit<LiveOptions, 'interface'> = {}): Source {
  let damage: () => readonly Damage[] = () => [];
  return {
    name: job.interface,
    yields: 'frames',
    live: true,
    async *read(reading: ReadOptions = {}) {
      const log = createDamageLog();
      let counts: () => CaptureCounts = () => noCounts;
      const first = new Map<string, string>();
      damage = () => [...log.list(), ...dropped(counts(), job.interface, first)];
      const { signal } = reading;
      if (signal?.aborted) throw cancelled(job.interface);
      const capture = await startCapture(job);
      counts = capture.counts;
      yield* readCapture(capture, job, { ...options, ...reading }, log);
    },
    damage: () => damage(),
  };
}

const cancelled = (name: string) => new NetloopError('NL_CANCELLED', `capturing on ${name} was cancelled`, { where: { interface: name } });

/** Each kind of loss, with the time at which it was first seen. */
function dropped({ kernel, device, reader }: CaptureCounts, name: string, first: Map<string, string>): readonly Damage[] {
  const losses = { 'dropped by kernel': kernel, 'dropped by device': device, 'dropped by reader': reader };
  return Object.entries(losses).flatMap(([kind, count]) => {
    if (count === 0) return [];
    const where = first.get(kind) ?? `${name}, ${new Date().toISOString()}`;
    first.set(kind, where);
    return [{ kind, count, where }];
  });
}

type Reading = Omit<LiveOptions, 'interface'> & ReadOptions;

async function* readCapture(capture: Capture, job: CaptureJob, options: Reading, log: DamageLog): AsyncGenerator<Frames> {
  const { signal, stop, onProgress } = options;
  const name = job.interface;
  const wire = job.file === undefined;
  let lost: NetloopError | null = null;
  let stopped = false;
  let octets = 0;

  const timeline = createTimeline();
  const timed = (clock: number): number => {
    const before = timeline.setBack();
    const ts = timeline.at(clock);
    if (timeline.setBack() > before) log.note('clock set back', `${name}, ${new Date().toISOString()}`);
    return ts;
  };
  const finish = (): void => {
    stopped = true;
    capture.stop();
  };
  const watch = watchWire(name, capture.counts, options, log, (error) => {
    lost ??= error;
    capture.stop();
  });
  const every = wire ? setInterval(watch.look, SECOND) : undefined;
  stop?.addEventListener('abort', finish, { once: true });
  try {
    if (stop?.aborted) finish();
    const batches = framesOf(name, capture.stream, log, () => {});
    for await (const frames of ticking(batches, signal, () => timed(Date.now() * 1000 - LAG))) {
      for (let i = 0; i < frames.count; i++) {
        frames.ts[i] = timed(frames.ts[i]!);
        octets += frames.captured[i]!;
      }
      if (frames.count > 0) watch.heard();
      onProgress?.(octets, null);
      yield frames;
    }
    if (signal?.aborted) throw cancelled(name);
    await capture.end();
    if (wire) watch.look();
    if (lost) throw lost;
    if (wire && !stopped) {
      throw new NetloopError('NL_WORKER', `the capture on ${name} broke off: ${capture.lastWords() || 'its process ended'}`, {
        where: { interface: name },
      });
    }
  } finally {
    clearInterval(every);
    stop?.removeEventListener('abort', finish);
    await capture.end();
  }
}
