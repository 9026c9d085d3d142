import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder, writeDurably } from './durable-file.js';
import type { Home } from './home.js';
import { storeError } from './store-error.js';

/**
 * The home's own key for pseudonyms: 64 hex digits in `.netloop/key`, made once, readable by its owner only.
 * Whoever deletes it unlinks every id made with it.
 * @throws NL_STORE_WRITE
 */
export function homeKey(home: Pick<Home, 'state'>): string {
  const file = join(home.state, 'key');
  const draft = `${file}.${process.pid}`;
  try {
    if (!existsSync(file)) {
      rmSync(draft, { force: true });
      writeDurably(draft, randomBytes(32).toString('hex'));
      chmodSync(draft, 0o600);
      try {
        linkSync(draft, file); // whole or not at all; of two that make it at once one wins, and both read the winner's
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      rmSync(draft);
      syncFolder(home.state);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw storeError(file, error);
  }
}
