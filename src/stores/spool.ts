import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNetloopError, NetloopError } from '../errors.js';
import { IDEMPOTENCY_TAG, type RunLog, type RunStart, runId, startTags, type Tracking } from '../tracking.js';
import { artifactPath, storedLog } from '../tracking-limits.js';
import { appendDurably } from './durable-file.js';
import { adoptSpoolFiles, createSpoolFile, type SpoolFile } from './spool-file.js';

/** A tracking store that takes everything at once, whether or not the store beneath answers. */
export interface SpooledTracking extends Tracking {
  /** Entries that wait for the store beneath. */
  pending(): number;
  /** Entries that were lost because the spool was full. */
  lost(): number;
  /** Tries now to hand over what waits; true when nothing waits any more. */
  drain(): Promise<boolean>;
  /** Tries once more, then leaves what still waits on disk, to the next process. */
  close(): Promise<void>;
}

export interface SpoolOptions {
  /** Milliseconds between attempts while the store is out. */
  readonly retry?: number;
  /** Size at which an outage begins to cost entries (default 1 GiB). */
  readonly maxBytes?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Told when an outage begins, and of every entry that the store refused for good (kept in `rejected.jsonl`). */
  readonly onWarning?: (warning: NetloopError) => void;
}

type Entry =
  | { readonly op: 'start'; readonly id: string; readonly start: RunStart }
  | { readonly op: 'log'; readonly run: string; readonly entries: RunLog }
  | { readonly op: 'artifact'; readonly run: string; readonly path: string; readonly file: string }
  | { readonly op: 'finish'; readonly run: string; readonly status: 'FINISHED' | 'FAILED' | 'KILLED'; readonly endTime: number };

/** These say that the caller is wrong, not that the store is out: waiting would not help. */
const refused = (error: unknown): error is NetloopError => isNetloopError(error) && ['NL_OPTION', 'NL_RUN_UNKNOWN'].includes(error.code);

/** JSON has no NaN and no infinity: such values travel as text. */
const travelling = (entries: RunLog): unknown => ({
  ...entries,
  metrics: entries.metrics?.map((metric) => ({ ...metric, value: Number.isFinite(metric.value) ? metric.value : String(metric.value) })),
});
const arrived = (entries: RunLog): RunLog => ({
  ...entries,
  metrics: entries.metrics?.map((metric) => ({ ...metric, value: Number(metric.value) })),
});

/**
 * Puts a spool under a tracking store: while the store is locked, gone or of a strange layout, entries go to an
 * append-only file in `dir` and are handed over later, in order, nothing lost and nothing twice (each entry carries its
 * own time, each run its own key, so that handing over may be repeated). `inner` may be a function that opens the store:
 * then a store that cannot be opened is an outage like any other.
 * @example const tracking = createSpooledTracking(() => createEmbeddedTracking(home.tracking), home.spool);
 * @throws from its methods: NL_OPTION, NL_RUN_UNKNOWN when the store answers so; NL_STORE_WRITE when the spool cannot be written either
 */
export function createSpooledTracking(
  inner: Tracking | (() => Tracking),
  dir: string,
  { retry = 1000, maxBytes = 2 ** 30, now = Date.now, onWarning = () => {} }: SpoolOptions = {},
): SpooledTracking {
  let opened: Tracking | null = typeof inner === 'function' ? null : inner;
  const store = (): Tracking => {
    opened ??= typeof inner === 'function' ? inner() : inner;
    return opened;
  };
  const idsFile = join(dir, 'ids.jsonl');
  // Runs whose id the store chose itself: ours -> its own.
  const ids = new Map<string, string>(
    existsSync(idsFile)
      ? readFileSync(idsFile, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as [string, string])
      : [],
  );
  const real = (id: string): string => ids.get(id) ?? id;
  const left: SpoolFile[] = adoptSpoolFiles(dir);
  const current = createSpoolFile(dir, now());
  let timer: NodeJS.Timeout | null = null;
  let out = false;
  let lost = 0;
  let tail: Promise<unknown> = Promise.resolve();

  const pending = (): number => left.reduce((sum, file) => sum + file.pending(), current.pending());

  /** One at a time, in the order of the calls. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(work, work);
    tail = turn.catch(() => {});
    return turn;
  }

  function remember(id: string, given: string): void {
    if (given === id || ids.get(id) === given) return;
    mkdirSync(dir, { recursive: true });
    appendDurably(idsFile, `${JSON.stringify([id, given])}\n`);
    ids.set(id, given);
  }

  async function hand(entry: Entry, file: SpoolFile): Promise<void> {
    switch (entry.op) {
      case 'start':
        remember(
          entry.id,
          await store().start({ ...entry.start, ...(entry.start.parent === undefined ? {} : { parent: real(entry.start.parent) }) }),
        );
        return;
      case 'log':
        return store().log(real(entry.run), arrived(entry.entries));
      case 'artifact':
        return store().artifact(real(entry.run), entry.path, file.read(entry.file));
      case 'finish':
        return store().finish(real(entry.run), entry.status, entry.endTime);
    }
  }

  function reject(entry: Entry | string, error: NetloopError): void {
    appendFileSync(join(dir, 'rejected.jsonl'), `${JSON.stringify({ entry, code: error.code, reason: error.message })}\n`);
    onWarning(
      new NetloopError(
        error.code,
        `the tracking store refused an entry that had waited; it is kept in ${join(dir, 'rejected.jsonl')}: ${error.message}`,
        { cause: error },
      ),
    );
  }

  /** The entry of a line; a line that the disk has damaged is set aside. */
  function parsed(line: string): Entry | null {
    try {
      return JSON.parse(line) as Entry;
    } catch {
      reject(line, new NetloopError('NL_FILE_CORRUPT', 'the line is not JSON'));
      return null;
    }
  }

  /** Hands one entry over; what the store refuses for good is set aside, so that nothing behind it has to wait. */
  async function handOver(entry: Entry, file: SpoolFile): Promise<void> {
    try {
      await hand(entry, file);
    } catch (error) {
      if (!refused(error)) throw error;
      reject(entry, error);
      // A changed param must not cost the metrics that were logged with it.
      if (entry.op === 'log' && entry.entries.params) await handOver({ ...entry, entries: { ...entry.entries, params: undefined } }, file);
    }
  }

  async function drain(): Promise<boolean> {
    try {
      while (left.length > 0 || current.pending() > 0) {
        const file = left[0] ?? current;
        const line = file.peek();
        if (line !== undefined) {
          const entry = parsed(line);
          if (entry) await handOver(entry, file);
          file.take();
        }
        if (file.pending() === 0 && file === left[0]) left.shift();
      }
      out = false;
      return true;
    } catch (error) {
      outage(error);
      return false;
    }
  }

  function outage(error: unknown): void {
    if (!out) {
      const message = error instanceof Error ? error.message : String(error);
      onWarning(
        new NetloopError(
          isNetloopError(error) ? error.code : 'NL_STORE_WRITE',
          `the tracking store does not answer; entries wait in ${dir} and are handed over later: ${message}`,
          {
            cause: error,
            where: { file: dir },
          },
        ),
      );
    }
    out = true;
    schedule();
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      timer = null;
      if (pending() > 0) void inTurn(drain);
    }, retry).unref();
  }

  /** Straight to the store when nothing waits and it answers; else to the spool. */
  async function record<T>(direct: () => Promise<T>, later: () => Entry, result: T): Promise<T> {
    if (pending() === 0) {
      try {
        return await direct();
      } catch (error) {
        if (refused(error)) throw error;
        outage(error);
      }
    }
    if (current.bytes() >= maxBytes) {
      if (lost++ === 0)
        onWarning(
          new NetloopError(
            'NL_STORE_WRITE',
            `the spool ${dir} holds ${maxBytes} bytes: what comes now is lost until the tracking store answers`,
          ),
        );
      return result;
    }
    const entry = later();
    current.append(entry.op === 'log' ? { ...entry, entries: travelling(entry.entries) } : entry);
    schedule();
    return result;
  }

  if (left.length > 0) void inTurn(drain);

  return {
    start: async (run) => {
      const id = run.id === undefined ? randomBytes(16).toString('hex') : runId(run.id);
      const start: RunStart = {
        ...run,
        id,
        startTime: run.startTime ?? now(),
        tags: { ...run.tags, [IDEMPOTENCY_TAG]: run.tags?.[IDEMPOTENCY_TAG] ?? id },
      };
      return inTurn(async () => {
        startTags(start);
        return record(
          () => store().start({ ...start, ...(start.parent === undefined ? {} : { parent: real(start.parent) }) }),
          () => ({ op: 'start', id, start }),
          id,
        );
      });
    },
    log: (run, entries) => {
      const at = now();
      const stamped: RunLog = { ...entries, metrics: entries.metrics?.map((metric) => ({ timestamp: at, ...metric })) };
      return inTurn(async () => {
        storedLog(stamped, at);
        await record(
          () => store().log(real(run), stamped),
          () => ({ op: 'log', run, entries: stamped }),
          undefined,
        );
      });
    },
    artifact: (run, path, bytes) =>
      inTurn(async () => {
        artifactPath(path);
        await record(
          () => store().artifact(real(run), path, bytes),
          () => ({ op: 'artifact', run, path, file: current.keep(bytes) }),
          undefined,
        );
      }),
    finish: (run, status, endTime = now()) =>
      inTurn(() =>
        record(
          () => store().finish(real(run), status, endTime),
          () => ({ op: 'finish', run, status, endTime }),
          undefined,
        ),
      ),
    runs: (filter = {}) =>
      inTurn(async () => {
        await drain();
        const { id, parent } = filter;
        return store().runs({
          ...filter,
          ...(id === undefined ? {} : { id: real(id) }),
          ...(typeof parent === 'string' ? { parent: real(parent) } : {}),
        });
      }),
    pending,
    lost: () => lost,
    drain: () => inTurn(drain),
    close: () =>
      inTurn(async () => {
        if (!(await drain())) for (const file of [...left, current]) file.release();
        if (timer) clearTimeout(timer);
      }),
  };
}
