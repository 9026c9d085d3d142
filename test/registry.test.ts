import { createMemoryRegistry } from '../src/registry.js';
import { registryContract } from './contracts/registry.js';

registryContract('the memory registry', (now) => createMemoryRegistry({ now }));
