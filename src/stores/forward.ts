import { existsSync, readFileSync } from 'node:fs';
import type { AlertStore, StoredAlert } from '../alert.js';
import { isNetloopError, type NetloopError } from '../errors.js';
import { replaceDurably } from './durable-file.js';

/** Hands alerts on to a place that may be away for a while. */
export interface Forwarder {
  /** Tries at once; true when nothing waits any more. */
  drain(): Promise<boolean>;
  /** Alerts handed on by this process. */
  sent(): number;
  /** Tries no more; what waits stays where it is, for the next process. */
  close(): Promise<void>;
}

export interface ForwarderOptions {
  /** Where alerts are kept first, durably: the spool is the store itself. */
  readonly outbox: Pick<AlertStore, 'query'>;
  /** Only this deployment's alerts: what others sent here is not ours to hand on. */
  readonly deployment?: string;
  /** Keeps a batch for good before it resolves; alerts that it holds already are passed by, so a batch may come twice. */
  readonly deliver: (alerts: readonly StoredAlert[]) => Promise<unknown>;
  /** Remembers, over restarts, how far alerts were handed on. */
  readonly cursorFile: string;
  /** Alerts a batch (default 500). */
  readonly batch?: number;
  /** Milliseconds between looks at the outbox, and between attempts while the place is away, doubled up to a minute. */
  readonly every?: number;
  /** Told when an outage begins, and of a batch that is refused for good. */
  readonly onTrouble?: (trouble: NetloopError | Error) => void;
}

/** The place says that the batch is wrong, not that it is away: then the same batch never comes through. */
const refused = (error: unknown): boolean => isNetloopError(error) && error.code === 'NL_SPEC';

/**
 * Hands on every alert of an outbox, in order, at least once: the cursor moves after a batch is kept at the other end, so a crash in
 * between sends it again. None is lost as long as the outbox holds it.
 * @throws from drain: never; trouble is told
 */
export function createForwarder({
  outbox,
  deployment = 'local',
  deliver,
  cursorFile,
  batch = 500,
  every = 1000,
  onTrouble = () => {},
}: ForwarderOptions): Forwarder {
  let cursor = existsSync(cursorFile) ? (JSON.parse(readFileSync(cursorFile, 'utf8')) as { cursor: number }).cursor : 0;
  let sent = 0;
  let pause = every;
  let away = false;
  let open = true;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<boolean> | null = null;

  async function pass(): Promise<boolean> {
    try {
      for (;;) {
        const page = await outbox.query({ deployment, archive: 'any', cursor, limit: batch });
        if (page.last === null) break;
        try {
          await deliver(page.alerts);
        } catch (error) {
          if (!refused(error)) throw error;
          onTrouble(error as NetloopError); // what is refused for good must not stop what comes behind it; it stays in the outbox
        }
        cursor = page.last;
        replaceDurably(cursorFile, `${JSON.stringify({ cursor })}\n`);
        sent += page.alerts.length;
        if (!open) return page.next === null;
      }
      pause = every;
      away = false;
      return true;
    } catch (error) {
      if (!away) onTrouble(error instanceof Error ? error : new Error(String(error)));
      away = true;
      pause = Math.min(60_000, pause * 2);
      return false;
    }
  }

  function schedule(): void {
    if (!open) return;
    timer = setTimeout(() => void drain(), pause).unref();
  }

  function drain(): Promise<boolean> {
    if (timer) clearTimeout(timer);
    timer = null;
    running ??= pass().finally(() => {
      running = null;
      schedule();
    });
    return running;
  }
  schedule();

  return {
    drain,
    sent: () => sent,
    async close() {
      open = false;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
