// npm run bench -- engine [--rounds 5] [--peers torch,keras] [--threads 1,2] [--parts train,mlp,score,busy,sizes,memory]
// How fast the kernels train and score, beside PyTorch and Keras: same first weights, same order of rows, in turn.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Peer, type PeerName, peerPackages, preparePython, startPeer } from './engine/peers.js';
import { scoring, scoringWhileTraining } from './engine/score.js';
import { memoryOverCycles, otherSizes, sgemmPeak } from './engine/sizes.js';
import { trainTable } from './engine/train.js';
import { lstm, makeWork, mlp, writeWork } from './engine/work.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    peers: { type: 'string', default: '' },
    threads: { type: 'string', default: '1,2' },
    parts: { type: 'string', default: 'train,mlp,score,busy,sizes,memory' },
  },
});
const rounds = Math.max(1, Math.trunc(Number(values.rounds)) || 5);
const threads = values.threads.split(',').map(Number);
const parts = new Set(values.parts.split(','));
const names = values.peers.split(',').filter((name): name is PeerName => Object.hasOwn(peerPackages, name));
const root = join(import.meta.dirname, '..', '..', '..', '..');
const script = join(root, 'test', 'bench', 'engine', 'peer.py');

const folder = mkdtempSync(join(tmpdir(), 'netloop-bench-engine-'));
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
  const peersOf = new Map<number, Map<PeerName, Peer>>();
  for (const n of new Set([1, ...threads])) {
    const own = new Map<PeerName, Peer>();
    for (const name of wanted) own.set(name, await start(name, n));
    peersOf.set(n, own);
  }
  const single = peersOf.get(1)!;
  const torch = single.get('torch');
  const peak = torch ? await sgemmPeak(torch) : null;

  for (const batch of [32, 128]) {
    const work = { kind: 'lstm', architecture: lstm, rows: sequences, batch, rounds } as const;
    const title = 'LSTM(64) -> 32 -> 1, 20,000 x 10 x 41';
    for (const n of parts.has('train') ? threads : []) await trainTable({ ...work, title, threads: n, peers: peersOf.get(n)! });
    const flowTitle = 'flow MLP 64 -> 32 -> 1, 200,000 x 41';
    const pytorch = new Map([...single].filter(([name]) => name === 'torch'));
    const other = { kind: 'mlp', architecture: mlp, rows: flows, batch, rounds, threads: 1, peers: pytorch } as const;
    if (parts.has('mlp')) await trainTable({ ...other, title: flowTitle });
  }
  if (parts.has('train')) {
    console.log(
      '\ntfjs-node layers.lstm: not built here; recorded on a 2-core AMD EPYC, where PyTorch took 0.888 / 0.545 s and these kernels',
    );
    console.log('0.856 / 0.837 s (batch 32 / 128): 12.2 / 4.55 s, 14.3 / 5.4 times the kernels');
  }
  if (parts.has('score')) await scoring(sequences, flows, single, rounds);
  if (parts.has('busy')) await scoringWhileTraining(sequences, rounds);
  if (parts.has('sizes')) await otherSizes(rounds, peak);
  if (parts.has('memory')) await memoryOverCycles(sequences);
} finally {
  for (const peer of peers) peer.end();
  rmSync(folder, { recursive: true, force: true });
}
