import type { Train } from '../cycle.js';
import { loadModel } from '../networks/load.js';

/** Training in the thread that asks for it: nothing is copied, and nothing else has its turn until a batch is over. Same bits as in a worker. */
export const trainHere: Train = async (file, batch, options) => {
  const model = loadModel(file);
  try {
    const report = await model.train(batch, options);
    return { model: model.save(), report };
  } finally {
    model.dispose();
  }
};
