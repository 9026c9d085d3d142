import { expect, it } from 'vitest';
import { createModel } from '../../src/networks/load.js';
import { trainInWorker } from '../../src/workers/train.js';
import { makeRows } from '../networks/rows.js';

it('says NL_WORKER when the thread dies of too little memory', async () => {
  // A million epoch records do not fit into 16 MB of heap.
  const tiny = { kind: 'mlp', steps: 1, features: 1, units: [], dense: [] } as const;
  const small = createModel(tiny, { seed: 1 }).save();
  await expect(
    trainInWorker({
      model: small,
      batch: makeRows(tiny, 2, 1),
      options: { epochs: 1e6, batch: 2, learningRate: 0, seed: 1 },
      heapMegabytes: 16,
    }),
  ).rejects.toMatchObject({ code: 'NL_WORKER' });
}, 240_000); // The thread has low priority: on a busy machine it takes its time to fill its heap.
