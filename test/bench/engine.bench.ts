// npm run bench -- engine [--rounds 5] [--peers torch,keras]: how fast the kernels train and score, beside PyTorch and Keras.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Peer, type PeerName, peerPackages, preparePython, startPeer } from './engine/peers.js';
import { scoring, scoringWhileTraining } from './engine/score.js';
import { memoryOverCycles, otherSizes, sgemmPeak } from './engine/sizes.js';
import { trainTable } from './engine/train.js';
import { lstm, makeWork, mlp, writeWork } from './engine/work.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, peers: { type: 'string', default: '' } } });
const rounds = Math.max(1, Math.trunc(Number(values.rounds)) || 5);
const names = values.peers.split(',').filter((name): name is PeerName => Object.hasOwn(peerPackages, name));
const root = join(import.meta.dirname, '..', '..', '..', '..');
const script = join(root, 'test', 'bench', 'engine', 'peer.py');

const folder = mkdtempSync(join(tmpdir(), 'netloop-bench-'));
const peers: Peer[] = [];
try {
  console.log(
    `${cpus()[0]?.model} x ${cpus().length}, Node ${process.version}, ${rounds} rounds, medians; ratios: peer's time / netloop's (above 1: netloop is faster)`,
  );
  const sequences = makeWork(lstm, 20_000, 1);
  const flows = makeWork(mlp, 200_000, 2);
  writeWork(folder, 'lstm', lstm, sequences);
  writeWork(folder, 'mlp', mlp, flows);
  const python = names.length > 0 ? preparePython(root, names) : null;
  if (!python)
    console.log(names.length > 0 ? 'no peers: they could not be installed' : 'no peers: --peers torch,keras sets them up and compares');
  const start = async (name: PeerName, threads: number): Promise<Peer> => {
    const peer = await startPeer(python!, script, name, threads, folder);
    peers.push(peer);
    console.log(`peer: ${peer.version}, ${threads} thread${threads > 1 ? 's' : ''}`);
    return peer;
  };
  const wanted = python ? names : [];
  const single = new Map<PeerName, Peer>();
  for (const name of wanted) single.set(name, await start(name, 1));
  const torch = single.get('torch');
  const double = new Map<PeerName, Peer>();
  for (const name of wanted) double.set(name, await start(name, 2));

  const peak = torch ? await sgemmPeak(torch) : null;
  for (const batch of [32, 128]) {
    await trainTable({
      title: 'LSTM(64) -> 32 -> 1, 20,000 x 10 x 41',
      kind: 'lstm',
      architecture: lstm,
      rows: sequences,
      batch,
      threads: 1,
      peers: single,
      rounds,
    });
    await trainTable({
      title: 'LSTM(64) -> 32 -> 1, 20,000 x 10 x 41',
      kind: 'lstm',
      architecture: lstm,
      rows: sequences,
      batch,
      threads: 2,
      peers: double,
      rounds,
    });
    const pytorch = new Map([...single].filter(([name]) => name === 'torch'));
    await trainTable({
      title: 'flow MLP 64 -> 32 -> 1, 200,000 x 41',
      kind: 'mlp',
      architecture: mlp,
      rows: flows,
      batch,
      threads: 1,
      peers: pytorch,
      rounds,
    });
  }
  console.log(
    '\ntfjs-node layers.lstm: not built here; recorded once on a 2-core AMD EPYC, where PyTorch took 0.888 / 0.545 s: 12.2 s (batch 32), 4.55 s (batch 128)',
  );
  await scoring(sequences, flows, single, rounds);
  await scoringWhileTraining(sequences, rounds);
  await otherSizes(rounds, peak);
  await memoryOverCycles(sequences);
} finally {
  for (const peer of peers) peer.end();
  rmSync(folder, { recursive: true, force: true });
}
