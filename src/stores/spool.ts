import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Code, isNetloopError, NetloopError } from '../errors.js';
import { IDEMPOTENCY_TAG, type RunLog, type RunStart, runId, startTags, type Tracking } from '../tracking.js';
import { artifactPath, storedLog } from '../tracking-limits.js';
import { createRunIds } from './run-ids.js';
import { handEntry, refused, type SpoolEntry, spoolLine } from './spool-entry.js';
import { adoptSpoolFiles, createSpoolFile, type SpoolFile } from './spool-file.js';
import { createHand } from './spool-hand.js';
import { isLocal } from './spool-local.js';

/** Milliseconds that entries gather for before they go to a store in the background. */
const LINGER = 100;
/** Bytes that may wait for a store on this machine while it answers. */
const BEHIND = 4 << 20;

type Starting = SpoolEntry & { readonly op: 'start' };

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
  /**
   * What is logged is kept on disk, in an append, and handed over behind the caller's back: many entries in one call to a server, in one
   * transaction to a store on this machine. Refusals for good then come as warnings.
   */
  readonly background?: boolean;
  /** Milliseconds that a caller waits for such a store to begin a run, whose id is then the store's own. */
  readonly patience?: number;
  /** Size at which an outage begins to cost entries (default 1 GiB). */
  readonly maxBytes?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Told when an outage begins, and of every entry that the store refused for good (kept in `rejected.jsonl`). */
  readonly onWarning?: (warning: NetloopError) => void;
}

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
  { retry = 1000, background = false, patience = 2000, maxBytes = 2 ** 30, now = Date.now, onWarning = () => {} }: SpoolOptions = {},
): SpooledTracking {
  let opened: Tracking | null = typeof inner === 'function' ? null : inner;
  const store = (): Tracking => {
    opened ??= typeof inner === 'function' ? inner() : inner;
    return opened;
  };
  const ids = createRunIds(join(dir, 'ids.jsonl'));
  const left: SpoolFile[] = adoptSpoolFiles(dir);
  const current = createSpoolFile(dir, now(), { sync: !background });
  let timer: NodeJS.Timeout | null = null;
  let draining: Promise<boolean> | null = null;
  let out = false;
  let trouble: unknown = null;
  let lost = 0;
  let waiting = 0;
  let tail: Promise<unknown> = Promise.resolve();
  // Background: runs whose start waits, and an attempt to start one that has not ended, although nobody waits for it any more.
  const unstarted = new Set<string>();
  let attempt: Promise<unknown> = Promise.resolve();
  const pending = (): number => left.reduce((sum, file) => sum + file.pending(), current.pending());

  function warn(code: Code, message: string, cause?: unknown): void {
    onWarning(new NetloopError(code, message, { cause, where: { file: dir } }));
  }

  const hand = createHand({ dir, store, ids, warn, onStarted: (id) => void unstarted.delete(id) });

  /** An outage begins (told once) or goes on. */
  function outage(error: unknown): void {
    if (!out) {
      const why = error instanceof Error ? error.message : String(error);
      warn(
        isNetloopError(error) ? error.code : 'NL_STORE_WRITE',
        `the tracking store does not answer; entries wait in ${dir} and are handed over later: ${why}`,
        error,
      );
    }
    out = true;
    trouble = error;
    schedule();
  }

  function schedule(): void {
    const wait = background && !out ? Math.min(LINGER, retry) : retry;
    timer ??= setTimeout(() => {
      timer = null;
      void drain();
    }, wait).unref();
  }

  async function handAllOver(): Promise<boolean> {
    try {
      // Two attempts to start one run must not overlap: the second looks for what the first has made.
      await attempt;
      while (left.length > 0 || current.pending() > 0) {
        const file = left[0] ?? current;
        const lines = file.peek();
        if (lines.length > 0) file.take(await hand(lines, file));
        if (file.pending() === 0 && file === left[0]) left.shift();
      }
      out = false;
      return true;
    } catch (error) {
      outage(error);
      return false;
    } finally {
      draining = null;
    }
  }

  function drain(): Promise<boolean> {
    draining ??= handAllOver();
    return draining;
  }

  function spool(entry: () => SpoolEntry): void {
    if (current.bytes() >= maxBytes) {
      if (lost++ === 0)
        warn('NL_STORE_WRITE', `the spool ${dir} holds ${maxBytes} bytes: what comes now is lost until the tracking store answers`);
      return;
    }
    current.append(spoolLine(entry()));
    schedule();
  }

  /** A store on this machine is waited for when it falls behind: what is appended in one go would else fill the disk. */
  async function keepUp(): Promise<void> {
    if (opened !== null && isLocal(opened) && !out && current.bytes() > BEHIND) await drain();
  }

  /**
   * Straight to the store when nothing waits and it answers; else to the spool, at once, however long the store takes to
   * say that it is out. Calls reach the store in the order in which they were made.
   */
  async function record<T>(direct: () => Promise<T>, later: () => SpoolEntry, result: T): Promise<T> {
    if (background || (waiting === 0 && pending() > 0)) {
      spool(later);
      if (background) await keepUp();
      return result;
    }
    waiting++;
    const turn = tail.then(async () => {
      try {
        if (pending() === 0) return await direct();
      } catch (error) {
        if (refused(error)) throw error;
        outage(error);
      } finally {
        waiting--;
      }
      spool(later);
      return result;
    });
    tail = turn.catch(() => {});
    return turn;
  }

  /** Whether a store on this machine has said that it will begin this run, under this very id. @throws what it refuses */
  function admitted({ id, start }: Starting): boolean {
    const local = store();
    if (!isLocal(local) || start.tags?.[IDEMPOTENCY_TAG] !== id) return false;
    const { parent } = start;
    local.admit({ ...start, parent: parent === undefined || unstarted.has(parent) ? undefined : ids.real(parent) });
    return true;
  }

  /**
   * Begins a run at once when the store answers soon, so that its id is the store's own; else the run waits with the others. A store on this
   * machine takes our ids, so its runs wait with what is logged to them, for a common transaction.
   */
  async function startSoon(entry: Starting): Promise<string> {
    const { id, start } = entry;
    const wait = async (): Promise<string> => {
      unstarted.add(id);
      spool(() => entry);
      await keepUp();
      return id;
    };
    try {
      if (!out && admitted(entry)) return await wait();
    } catch (error) {
      if (refused(error)) throw error;
      outage(error);
    }
    if (!out && (start.parent === undefined || !unstarted.has(start.parent))) {
      const fresh = start.tags?.[IDEMPOTENCY_TAG] === id;
      const asked = (async () => handEntry({ ...entry, start: { ...start, fresh } }, store(), ids.real, current.read))();
      attempt = Promise.allSettled([attempt, asked]);
      try {
        const given = await Promise.race([asked, sleep(patience, null, { ref: false })]);
        if (given !== null) return given;
        outage(new Error(`no answer within ${patience} ms`));
      } catch (error) {
        if (refused(error)) throw error;
        outage(error);
      }
    }
    return wait();
  }

  if (left.length > 0) void drain();

  return {
    start: async (run) => {
      const id = run.id === undefined ? randomBytes(16).toString('hex') : runId(run.id);
      const tags = { ...run.tags, [IDEMPOTENCY_TAG]: run.tags?.[IDEMPOTENCY_TAG] ?? id };
      const start: RunStart = { ...run, id, startTime: run.startTime ?? now(), tags };
      startTags(start);
      const entry = { op: 'start', id, start } as const;
      if (background) return startSoon(entry);
      return record(
        async () => (await handEntry(entry, store(), ids.real, current.read)) ?? id,
        () => entry,
        id,
      );
    },
    log: async (run, entries) => {
      const at = now();
      const metrics = entries.metrics?.map((metric) => ({ ...metric, timestamp: metric.timestamp ?? at }));
      const stamped: RunLog = { ...entries, metrics };
      storedLog(stamped, at);
      await record<void>(
        () => store().log(ids.real(run), stamped),
        () => ({ op: 'log', run, entries: stamped }),
        undefined,
      );
    },
    artifact: async (run, path, bytes) => {
      artifactPath(path);
      const later = (): SpoolEntry => ({ op: 'artifact', run, path, file: current.keep(bytes) });
      // On this machine a file is in its place as soon as it would be in the spool.
      if (background && opened !== null && isLocal(opened) && !out && (!unstarted.has(run) || (await drain()))) {
        try {
          return await opened.artifact(ids.real(run), path, bytes);
        } catch (error) {
          if (refused(error)) throw error;
          outage(error);
        }
      }
      await record<void>(() => store().artifact(ids.real(run), path, bytes), later, undefined);
    },
    finish: (run, status, endTime = now()) =>
      record<void>(
        () => store().finish(ids.real(run), status, endTime),
        () => ({ op: 'finish', run, status, endTime }),
        undefined,
      ),
    runs: async (filter = {}) => {
      await tail;
      // A server that is out is asked again every second as it is; who asks for runs meanwhile is not to wait for its time limits.
      if (background && out) throw trouble;
      if (!out) await drain();
      const { id, parent } = filter;
      return store().runs({
        ...filter,
        ...(id === undefined ? {} : { id: ids.real(id) }),
        ...(typeof parent === 'string' ? { parent: ids.real(parent) } : {}),
      });
    },
    pending,
    lost: () => lost,
    drain,
    close: async () => {
      await tail;
      if (!(await drain())) for (const file of [...left, current]) file.release();
      if (timer) clearTimeout(timer);
      timer = null;
    },
  };
}
