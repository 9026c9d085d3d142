import type { Architecture, LabelledBatch } from '../../../src/model.js';
import { createModel } from '../../../src/networks/load.js';
import { createTeam, type ThreadTeam } from '../../../src/workers/team.js';
import { interleave, median } from '../rounds.js';
import type { Peer, PeerName } from './peers.js';
import { flopsPerRow, SEED } from './work.js';

/** One epoch: wall and CPU seconds, and the mean loss, by which one sees that everyone did the same work. */
export interface Epoch {
  readonly wall: number;
  readonly cpu: number;
  readonly loss: number;
}

/** An epoch of netloop, and the seconds that come before it once a training. */
export interface OwnEpoch extends Epoch {
  readonly setup: number;
}

/**
 * The second epoch of a training, shuffling included: as with the peers, rows are checked and in memory when the clock starts. What comes
 * before is `setup`: the first epoch's seconds less the second's. The loss is the first epoch's, from the same fresh weights as the peers'.
 */
export async function ownEpoch(architecture: Architecture, rows: LabelledBatch, batch: number, team?: ThreadTeam): Promise<OwnEpoch> {
  const model = createModel(architecture, { seed: SEED });
  const look = () => {
    const { user, system } = process.cpuUsage();
    return { wall: performance.now() / 1000, cpu: (user + system) / 1e6 };
  };
  const start = look();
  const marks: ReturnType<typeof look>[] = [];
  const options = { epochs: 2, batch, learningRate: 1e-3, seed: SEED, team, onEpoch: () => void marks.push(look()) };
  const { epochs } = await model.train(rows, options);
  model.dispose();
  const [first, second] = marks;
  const wall = second!.wall - first!.wall;
  return { wall, cpu: second!.cpu - first!.cpu, loss: epochs[0]!.loss, setup: Math.max(0, first!.wall - start.wall - wall) };
}

export interface TrainContest {
  readonly title: string;
  readonly kind: 'lstm' | 'mlp';
  readonly architecture: Architecture;
  readonly rows: LabelledBatch;
  readonly batch: number;
  readonly threads: number;
  readonly peers: ReadonlyMap<PeerName, Peer>;
  readonly rounds: number;
}

/** Runs netloop and the peers in turn and prints one line each: ratios first, then seconds with their spread. */
export async function trainTable({ title, kind, architecture, rows, batch, threads, peers, rounds }: TrainContest): Promise<void> {
  console.log(`\n${title}, one epoch, batch ${batch}, ${threads} thread${threads > 1 ? 's' : ''} each`);
  const team = createTeam(threads);
  const setups: number[] = [];
  const own = async (): Promise<Epoch> => {
    const { setup, ...epoch } = await ownEpoch(architecture, rows, batch, team);
    setups.push(setup);
    return epoch;
  };
  const contenders: [string, () => Promise<Epoch>][] = [['netloop', own]];
  for (const peer of peers.values()) contenders.push([peer.version, () => peer.ask<Epoch>({ what: 'epoch', kind, batch })]);
  const seen = contenders.map(() => [] as Epoch[]);
  const results = await interleave(
    contenders.map(([name, run], i) => ({
      name,
      run: async () => {
        const epoch = await run();
        seen[i]!.push(epoch);
        return epoch.wall * 1000;
      },
    })),
    rounds,
  );
  await team.close();
  const cpu = seen.map((epochs) => median(epochs.slice(1).map((e) => e.cpu))); // the first round warmed up
  const [ours] = results;
  const seconds = (ms: number): string => (ms / 1000).toFixed(3);
  console.log('  x wall  x CPU    wall s (min-max)       CPU s   GFLOP/s  loss');
  results.forEach(({ name, median: wall, min, max }, i) => {
    const ratios = `${(wall / ours!.median).toFixed(2).padStart(8)}${(cpu[i]! / cpu[0]!).toFixed(2).padStart(7)}`;
    const speed = ((rows.rows * flopsPerRow(architecture)) / wall / 1e6).toFixed(1);
    const loss = seen[i]![0]!.loss.toFixed(5);
    console.log(
      `${ratios}    ${seconds(wall)} (${seconds(min)}-${seconds(max)})   ${cpu[i]!.toFixed(3)}   ${speed.padStart(7)}  ${loss}  ${name}`,
    );
  });
  console.log(`  netloop's set-up, once a training: ${median(setups.slice(1)).toFixed(3)} s (checks, memory, a copy of the rows)`);
}
