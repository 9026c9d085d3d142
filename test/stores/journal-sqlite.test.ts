import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createJournal, type JournalOptions } from '../../src/stores/journal-sqlite.js';
import { openSqlite } from '../../src/stores/sqlite.js';
import { cycle, journalContract, WALK } from '../contracts/journal.js';
import { testFolder } from './folder.js';

const opened = (file: string, options: JournalOptions = {}) => {
  const journal = createJournal(file, options);
  onTestFinished(() => journal.close());
  return journal;
};

journalContract('the SQLite journal', (options) => opened(join(testFolder(), 'state.db'), options));

describe('the SQLite journal', () => {
  it('shows another opener each state as soon as it is noted', async () => {
    const file = join(testFolder(), 'state.db');
    const one = opened(file);
    const two = opened(file);
    const id = await one.begin(cycle(1));
    for (const state of WALK) {
      await one.advance(id, state, { at: state });
      expect((await two.history())[0]).toMatchObject({ state, data: { at: state } });
    }
    expect(await two.unfinished()).toEqual([]);
  });

  it('refuses the layout of another netloop', () => {
    const file = join(testFolder(), 'state.db');
    const db = openSqlite(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => createJournal(file)).toThrow(expect.objectContaining({ code: 'NL_STORE_LAYOUT' }));
  });
});
