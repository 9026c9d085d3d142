import { createMemoryAlertStore } from '../src/alert.js';
import { alertStoreContract } from './contracts/alert-store.js';

alertStoreContract('the memory alert store', createMemoryAlertStore);
