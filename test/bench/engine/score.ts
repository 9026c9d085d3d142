import type { Batch, LabelledBatch, Model } from '../../../src/model.js';
import { createModel } from '../../../src/networks/load.js';
import { trainInWorker } from '../../../src/workers/train.js';
import { median } from '../rounds.js';
import type { Peer, PeerName } from './peers.js';
import { lstm, mlp, SEED } from './work.js';

const first = ({ x, steps, features }: Batch): Batch => ({ x: x.slice(0, steps * features), rows: 1, steps, features });
const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;

interface Latency {
  readonly p50: number;
  readonly p99: number;
}
/** From seconds to microseconds. */
function latency(seconds: readonly number[]): Latency {
  const sorted = [...seconds].sort((a, b) => a - b);
  return { p50: 1e6 * quantile(sorted, 0.5), p99: 1e6 * quantile(sorted, 0.99) };
}

function ownLatencies(model: Model, row: Batch, times: number): number[] {
  for (let i = 0; i < 2000; i++) model.predict(row);
  return Array.from({ length: times }, () => {
    const start = performance.now();
    model.predict(row);
    return (performance.now() - start) / 1000;
  });
}

const line = (name: string, all: readonly Latency[]): string =>
  `  p50 ${median(all.map((l) => l.p50))
    .toFixed(1)
    .padStart(7)}  p99 ${median(all.map((l) => l.p99))
    .toFixed(1)
    .padStart(7)} microseconds  ${name}`;

/** One row at a time: medians over the rounds of each round's p50 and p99. */
export async function scoring(
  sequences: LabelledBatch,
  flows: LabelledBatch,
  peers: ReadonlyMap<PeerName, Peer>,
  rounds: number,
): Promise<void> {
  for (const [kind, architecture, rows, title] of [
    ['lstm', lstm, sequences, 'one sequence'],
    ['mlp', mlp, flows, 'one flow'],
  ] as const) {
    const model = createModel(architecture, { seed: SEED });
    const row = first(rows);
    const own: Latency[] = [];
    const theirs = [...peers.values()].map((peer) => ({ peer, seen: [] as Latency[] }));
    for (let round = 0; round < rounds; round++) {
      own.push(latency(ownLatencies(model, row, 20_000)));
      for (const { peer, seen } of theirs) {
        const { seconds } = await peer.ask<{ seconds: number[] }>({ what: 'score', kind, times: 2000 });
        seen.push(latency(seconds));
      }
    }
    const p50 = median(own.map((l) => l.p50));
    console.log(`\nscoring ${title}`);
    console.log(line('netloop', own));
    for (const { peer, seen } of theirs) {
      console.log(`${line(peer.version, seen)}; netloop takes ${(p50 / median(seen.map((l) => l.p50))).toFixed(3)} of its median`);
    }
  }
}

/** One sequence at a time while a worker trains beside, against an idle machine; in turn, so that noise hits both. */
export async function scoringWhileTraining(sequences: LabelledBatch, rounds: number): Promise<void> {
  const model = createModel(lstm, { seed: SEED });
  const row = first(sequences);
  const idle: Latency[] = [];
  const busy: Latency[] = [];
  for (let round = 0; round < rounds; round++) {
    idle.push(latency(ownLatencies(model, row, 20_000)));
    const cancel = new AbortController();
    const seconds: number[] = [];
    await trainInWorker({
      model: model.save(),
      batch: sequences,
      options: { epochs: 100, batch: 32, learningRate: 1e-3, seed: SEED },
      signal: cancel.signal,
      onEpoch: () => {
        seconds.push(...ownLatencies(model, row, 5000)); // the thread is already in its next epoch
        if (seconds.length >= 20_000) cancel.abort();
      },
    });
    busy.push(latency(seconds));
  }
  console.log('\nscoring one sequence while a worker trains');
  console.log(line('idle', idle));
  console.log(line('training', busy));
  const p99 = (all: readonly Latency[]): number => median(all.map((l) => l.p99));
  console.log(`  p99 while training: ${(p99(busy) / p99(idle)).toFixed(2)} x idle`);
}
