import { setTimeout as sleep } from 'node:timers/promises';
import { isNetloopError } from '../errors.js';
import { openSqlite } from './sqlite.js';

/**
 * Runs `body` while no other holder of the same lock file runs, in this process or another. The lock is SQLite's own
 * file lock: the kernel releases it when a process is killed, so there are no stale locks to guess about.
 * @throws NL_BUSY when it is still held after `wait` milliseconds
 */
export async function withFileLock<T>(file: string, body: () => T | Promise<T>, { wait = 10_000 }: { wait?: number } = {}): Promise<T> {
  const until = performance.now() + wait;
  const lock = openSqlite(file, { wait: 0, wal: false });
  try {
    for (;;) {
      try {
        lock.exec('BEGIN EXCLUSIVE');
        break;
      } catch (error) {
        if (!isNetloopError(error) || error.code !== 'NL_BUSY' || performance.now() > until) throw error;
        await sleep(2);
      }
    }
    try {
      return await body();
    } finally {
      // Not left to close(), which may keep the file for a while.
      lock.exec('COMMIT');
    }
  } finally {
    lock.close();
  }
}
