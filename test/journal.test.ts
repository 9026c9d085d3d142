import { createMemoryJournal } from '../src/journal.js';
import { journalContract } from './contracts/journal.js';

journalContract('the memory journal', createMemoryJournal);
