import { createMemoryTracking } from '../src/tracking.js';
import { trackingContract } from './contracts/tracking.js';

trackingContract('the memory tracking store', (now) => createMemoryTracking({ now }));
