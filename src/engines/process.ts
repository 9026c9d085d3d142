import type { Engine } from '../sweep.js';

/** Trials one after the other in this process. */
export const createProcessEngine = (run: Engine['run']): Engine => ({ name: 'process', slots: 1, run, close: async () => {} });
