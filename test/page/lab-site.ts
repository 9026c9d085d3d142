import { join } from 'node:path';
import { startSite } from '../service/site.js';

/** Windows and models small enough that a replayed lab day gives several cycles of each learner in seconds. */
const config = {
  flow: { every: { seconds: 300 }, retrain: 'clock', minSamples: 50, first: { epochs: 4, learningRate: 0.003 }, dense: [16] },
  behaviour: {
    every: { seconds: 300 },
    retrain: 'clock',
    minSamples: 10,
    first: { epochs: 3, learningRate: 0.005 },
    train: { epochs: 5 },
    units: [8],
    dense: [8],
  },
};

/** A service that can replay the shipped lab. */
export const startLabSite = (options: Parameters<typeof startSite>[0] = {}) =>
  startSite({ config, flows: 10, captures: { lab: join(import.meta.dirname, '..', '..', 'datasets', 'lab') }, rate: 100_000, ...options });
