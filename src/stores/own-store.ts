import { NetloopError } from '../errors.js';
import { openSqlite, type Sqlite } from './sqlite.js';

/**
 * Opens a SQLite file whose tables are netloop's own, made when absent; every commit is synced to the disk.
 * `layout` counts the changes of `tables`; `moves` say, in SQL, how to go from a layout to the next one, where that can be done.
 * @throws NL_STORE_LAYOUT when another netloop made it, NL_STORE_WRITE, NL_BUSY
 */
export function openOwnStore(file: string, layout: number, tables: string, moves: Readonly<Record<number, string>> = {}): Sqlite {
  const db = openSqlite(file, { sync: 'full' });
  try {
    db.write(() => {
      const found = db.prepare('PRAGMA user_version').first<{ user_version: number }>()!.user_version;
      if (found === layout) return;
      const steps = Array.from({ length: Math.max(0, layout - found) }, (_, i) => moves[found + i]);
      if (found !== 0 && found < layout && steps.every((step) => step !== undefined)) {
        db.exec(`${steps.join('\n')}\nPRAGMA user_version = ${layout};`);
        return;
      }
      if (found !== 0) {
        throw new NetloopError(
          'NL_STORE_LAYOUT',
          `${file} has layout ${found}, this netloop reads ${layout}: take the netloop that wrote it, or move the file away`,
          { where: { file } },
        );
      }
      db.exec(`${tables}\nPRAGMA user_version = ${layout};`);
    });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
