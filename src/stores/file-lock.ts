import { setTimeout as sleep } from 'node:timers/promises';
import { isNetloopError } from '../errors.js';
import { openSqlite } from './sqlite.js';

/**
 * Takes a lock for as long as the caller likes. The lock is SQLite's own file lock: the kernel releases it when a process is killed, so
 * there are no stale locks to guess about.
 * @returns the way to let go
 * @throws NL_BUSY when another holder, in this process or another, still has it after `wait` milliseconds
 */
export async function holdFileLock(file: string, { wait = 10_000 }: { wait?: number } = {}): Promise<() => void> {
  const until = performance.now() + wait;
  const lock = openSqlite(file, { wait: 0, wal: false });
  for (;;) {
    try {
      lock.exec('BEGIN EXCLUSIVE');
      break;
    } catch (error) {
      if (!isNetloopError(error) || error.code !== 'NL_BUSY' || performance.now() > until) {
        lock.close();
        throw error;
      }
      await sleep(2);
    }
  }
  return () => {
    lock.exec('COMMIT'); // not left to close(), which may keep the file for a while
    lock.close();
  };
}

/** Runs `body` while no other holder of the same lock file runs. @throws NL_BUSY */
export async function withFileLock<T>(file: string, body: () => T | Promise<T>, options: { wait?: number } = {}): Promise<T> {
  const release = await holdFileLock(file, options);
  try {
    return await body();
  } finally {
    release();
  }
}
