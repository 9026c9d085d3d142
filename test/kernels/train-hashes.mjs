// Run by any Node: trains three small models with 1, 2 and 4 threads and in a worker, and prints the SHA-256 of their weights as JSON.
import { createModel } from '../../dist/networks/load.js';
import { createRandom } from '../../dist/random.js';
import { createTeam } from '../../dist/workers/team.js';
import { trainInWorker } from '../../dist/workers/train.js';

const cases = {
  lstm: [{ kind: 'lstm', steps: 10, features: 41, units: [64], dense: [32] }, { epochs: 1 }],
  deep: [
    { kind: 'lstm', steps: 5, features: 9, units: [12, 7], dense: [8], bidirectional: true, recurrentActivation: 'hard_sigmoid' },
    { dropout: 0.2, clipNorm: 1, classWeight: [1, 2], schedule: { kind: 'cosine' } },
  ],
  mlp: [
    { kind: 'mlp', steps: 1, features: 41, units: [], dense: [64, 32] },
    { optimizer: 'sgd', momentum: 0.9 },
  ],
};

/** The same rows wherever this runs: truth is the sign of a sum. */
function makeRows({ steps, features }, rows) {
  const random = createRandom(11);
  const size = steps * features;
  const x = Float32Array.from({ length: rows * size }, () => 2 * random.next() - 1);
  const y = Float32Array.from({ length: rows }, (_, r) => (x.subarray(r * size, (r + 1) * size).reduce((a, b) => a + b, 0) > 0 ? 1 : 0));
  return { x, y, rows, steps, features };
}

const hashes = {};
for (const [name, [architecture, more]] of Object.entries(cases)) {
  const batch = makeRows(architecture, 180); // 150 are 10 shards, more than there are gradient slots; and a rest
  const options = { epochs: 2, batch: 150, learningRate: 1e-2, seed: 3, ...more };
  for (const threads of [1, 2, 4]) {
    const model = createModel(architecture, { seed: 5 });
    const team = createTeam(threads);
    const { stopped } = await model.train(batch, { ...options, team });
    await team.close();
    hashes[`${name}, threads ${threads}`] = stopped === 'done' ? model.save().sha256 : stopped;
  }
  const model = createModel(architecture, { seed: 5 }).save();
  hashes[`${name}, worker`] = (await trainInWorker({ model, batch, options: { ...options, threads: 2 } })).model.sha256;
}
console.log(JSON.stringify({ node: process.version, arch: process.arch, hashes }));
