import { createLedger } from '../src/ledger.js';
import { ledgerContract } from './contracts/ledger.js';

ledgerContract('the ledger in memory', createLedger);
