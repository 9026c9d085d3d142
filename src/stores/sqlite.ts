import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { isNetloopError } from '../errors.js';
import { makeFolder } from './make-folder.js';
import { storeError } from './store-error.js';

/** What SQLite stores and gives back. */
export type Value = string | number | null | Uint8Array;
export type Row = Record<string, Value>;

/** A prepared statement. */
export interface Statement {
  run(...values: Value[]): { readonly changes: number; readonly lastInsertRowid: number };
  all<T = Row>(...values: Value[]): T[];
  first<T = Row>(...values: Value[]): T | undefined;
}

/** One SQLite file, open. Every failure is a coded error. */
export interface Sqlite {
  readonly file: string;
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** Runs `body` in one transaction that holds the write lock from its start: all or nothing. Nested calls join. */
  write<T>(body: () => T): T;
  /** Folds the write-ahead log into the file, as far as other readers allow. */
  fold(): void;
  close(): void;
}

export interface SqliteOptions {
  /** `full` syncs every commit to the disk (survives a power cut); `normal` survives a killed process. */
  readonly sync?: 'full' | 'normal';
  /** Milliseconds to wait for another process's lock. */
  readonly wait?: number;
  /** A write-ahead log, so that readers never wait for writers; false opens the file bare, without touching it. */
  readonly wal?: boolean;
}

/**
 * Opens a SQLite file (made when absent, with its folder). The one place where libsql enters.
 * @throws NL_STORE_WRITE, NL_STORE_LAYOUT, NL_BUSY
 */
export function openSqlite(file: string, { sync = 'full', wait = 5000, wal = true }: SqliteOptions = {}): Sqlite {
  const coded = <T>(body: () => T): T => {
    try {
      return body();
    } catch (error) {
      throw storeError(file, error);
    }
  };
  const db = coded(() => {
    makeFolder(dirname(file));
    const opened = new Database(file, { timeout: wait });
    if (wal) {
      opened.pragma('journal_mode = WAL');
      opened.pragma(`synchronous = ${sync}`);
    }
    return opened;
  });
  const fold = (): void => {
    try {
      db.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // Another process is using the log: it stays, and is read by whoever opens the store next.
    }
  };
  let inside = false;
  let open = true;

  return {
    file,
    exec: (sql) => coded(() => void db.exec(sql)),
    prepare: (sql) =>
      coded(() => {
        const statement = db.prepare(sql);
        // One list, as libsql wants it in the end: it copies what comes one by one.
        return {
          run: (...values) => coded(() => statement.run(values) as { changes: number; lastInsertRowid: number }),
          all: <T>(...values: Value[]) => coded(() => statement.all(values) as T[]),
          // libsql's own get() adds a field, so the first of all() is taken.
          first: <T>(...values: Value[]) => coded(() => statement.all(values)[0] as T | undefined),
        };
      }),
    write: (body) => {
      if (inside) return body();
      coded(() => db.exec('BEGIN IMMEDIATE'));
      inside = true;
      try {
        const result = body();
        coded(() => db.exec('COMMIT'));
        return result;
      } catch (error) {
        try {
          db.exec('ROLLBACK');
        } catch {
          // SQLite has already rolled back (full disk, I/O error): the first error is the one to tell.
        }
        throw error;
      } finally {
        inside = false;
      }
    },
    fold,
    close: () => {
      if (!open) return;
      open = false;
      // libsql keeps the file until its statements are collected, so the log is folded in now, not by the close.
      if (wal) fold();
      coded(() => db.close());
    },
  };
}

/** Runs `body` in a transaction; while another process writes, sleeps and tries again. */
export type Patience = <T>(body: () => T) => Promise<T>;

/**
 * Writers that wait for another process without stopping this one.
 * @throws NL_BUSY from its calls when the lock is not free after `wait` milliseconds
 */
export function createPatience(db: Sqlite, wait: number): Patience {
  return async (body) => {
    const until = performance.now() + wait;
    for (;;) {
      try {
        return db.write(body);
      } catch (error) {
        if (!isNetloopError(error) || error.code !== 'NL_BUSY' || performance.now() >= until) throw error;
        await sleep(20);
      }
    }
  };
}
