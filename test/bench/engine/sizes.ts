import type { Architecture, LabelledBatch } from '../../../src/model.js';
import { createModel } from '../../../src/networks/load.js';
import { interleave, median } from '../rounds.js';
import type { Peer } from './peers.js';
import { ownEpoch } from './train.js';
import { flopsPerRow, lstm, makeWork, SEED } from './work.js';

/** GFLOP/s of PyTorch's SGEMM of 2048 x 2048 matrices on one core: the most this core can do. */
export async function sgemmPeak(peer: Peer): Promise<number> {
  const shape = [2048, 2048, 2048];
  const { seconds } = await peer.ask<{ seconds: number[] }>({ what: 'peak', shape, times: 9 }); // of CPU: others may use the core too
  const peak = (2 * 2048 ** 3) / median(seconds) / 1e9;
  console.log(`\nSGEMM peak of one core: ${peak.toFixed(0)} GFLOP/s (${peer.version}, 2048^3, with fused multiply-add)`);
  return peak;
}

const sizes: readonly [string, Architecture][] = [
  ['LSTM(64) -> 32, 10 steps', lstm],
  ['LSTM(32) -> 32, 10 steps', { ...lstm, units: [32] }],
  ['LSTM(128) -> 32, 10 steps', { ...lstm, units: [128] }],
  ['LSTM(64) -> 32, 20 steps', { ...lstm, steps: 20 }],
  ['LSTM(64, 64) -> 32, 10 steps', { ...lstm, units: [64, 64] }],
];

/** The same speed at other sizes? In GFLOP of the matrix products a second of CPU, batch 32, one thread. */
export async function otherSizes(rounds: number, peak: number | null): Promise<void> {
  const work = sizes.map(([name, architecture]) => ({ name, architecture, rows: makeWork(architecture, 4000, 3) }));
  const results = await interleave(
    work.map(({ name, architecture, rows }) => ({ name, run: async () => 1000 * (await ownEpoch(architecture, rows, 32)).cpu })),
    rounds,
  );
  console.log('\nother sizes, batch 32, 1 thread, by CPU seconds');
  const speeds = results.map(({ median: ms }, i) => (4000 * flopsPerRow(work[i]!.architecture)) / ms / 1e6);
  speeds.forEach((speed, i) => {
    const share = peak ? `, ${((100 * speed) / peak).toFixed(0)} % of SGEMM peak` : '';
    console.log(
      `  ${((100 * speed) / speeds[0]!).toFixed(0).padStart(4)} %  ${speed.toFixed(1).padStart(6)} GFLOP/s${share}  ${work[i]!.name}`,
    );
  });
}

/** Resident memory over 50 cycles of train, predict, clone, dispose. */
export async function memoryOverCycles(sequences: LabelledBatch): Promise<void> {
  const rows = 2000;
  const size = sequences.steps * sequences.features;
  const batch = { ...sequences, x: sequences.x.slice(0, rows * size), y: sequences.y.slice(0, rows), rows };
  const model = createModel(lstm, { seed: SEED });
  const megabytes: number[] = [];
  for (let cycle = 1; cycle <= 50; cycle++) {
    await model.train(batch, { epochs: 1, batch: 32, learningRate: 1e-3, seed: cycle });
    model.clone().dispose();
    model.predict(batch);
    globalThis.gc?.();
    if (cycle % 10 === 0) megabytes.push(process.memoryUsage().rss / 2 ** 20);
  }
  console.log(`\nresident memory after 10, 20, 30, 40, 50 cycles: ${megabytes.map((m) => m.toFixed(0)).join(', ')} MB`);
}
