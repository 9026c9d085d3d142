/**
 * Tracking beside MLflow's own client and store, on one machine; needs the Python peers of test/requirements.txt (node scripts/python.mjs).
 *
 *     npm run bench -- tracking [--rounds 5] [--only server,embedded,list,share,reruns,sweep] [--reruns 100] [--trials 24]
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serverSettings } from '../../src/stores/mlflow/settings.js';
import { createServerTracking } from '../../src/stores/mlflow/tracking.js';
import { createSpooledTracking } from '../../src/stores/spool.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import type { Metric, Tracking } from '../../src/tracking.js';
import { interleave, median, type Result } from './rounds.js';
import { type Peer, startPeer, startServer } from './tracking/peer.js';
import { rerunsExact } from './tracking/reruns.js';
import { trackingShare } from './tracking/share.js';
import { sweepTimes } from './tracking/sweep.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'server,embedded,list,share,reruns,sweep' },
    reruns: { type: 'string', default: '100' },
    trials: { type: 'string', default: '24' },
  },
});
const rounds = Math.max(1, Math.trunc(Number(values.rounds)) || 5);
const atLeast = (text: string, least: number): number => Math.max(least, Math.trunc(Number(text)) || least);
const parts = values.only.split(',');
const root = join(import.meta.dirname, '..', '..', '..', '..');
const python = process.env.NETLOOP_PYTHON ?? join(root, '.netloop', 'venv-test', 'bin', 'python');
const scratch = mkdtempSync(join(tmpdir(), 'netloop-bench-'));
/** Of what takes long, on a terminal's other stream. */
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** One run as a researcher's script makes it: 20 params, 20 metrics, an end. */
const params = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, String(i)]));
const metricsOf = (n: number): Metric[] => Array.from({ length: 20 }, (_, i) => ({ key: `m${i}`, value: n / (i + 1), step: 1 }));
async function logRuns(to: Tracking, experiment: string, runs: number): Promise<void> {
  for (let n = 0; n < runs; n++) {
    const id = await to.start({ experiment, name: `run ${n}` });
    await to.log(id, { params, metrics: metricsOf(n) });
    await to.finish(id, 'FINISHED');
  }
}
async function logBatched(to: Tracking, experiment: string, metrics: number): Promise<void> {
  const id = await to.start({ experiment, name: 'long' });
  for (let start = 0; start < metrics; start += 1000) {
    await to.log(id, { metrics: Array.from({ length: 1000 }, (_, i) => ({ key: 'loss', value: (start + i) / 7, step: start + i })) });
  }
  await to.finish(id, 'FINISHED');
}

/** Rates and, before them, the ratio to the first contender's. */
function report(title: string, unit: string, amount: number | readonly number[], results: readonly Result[]): void {
  const rate = (ms: number, i: number): number => ((typeof amount === 'number' ? amount : amount[i]!) / ms) * 1000;
  const ours = rate(results[0]!.median, 0);
  say(`\n${title}`);
  for (const [i, { name, median: ms, min, max }] of results.entries()) {
    const ratio = i === 0 ? '' : `netloop is ${(ours / rate(ms, i)).toFixed(1)}x: `;
    say(
      `  ${ratio}${name} ${rate(ms, i).toFixed(rate(ms, i) < 100 ? 1 : 0)} ${unit} (${rate(max, i).toFixed(1)} to ${rate(min, i).toFixed(1)})`,
    );
  }
}

async function againstServer(): Promise<void> {
  const [RUNS, METRICS] = [40, 10_000];
  mkdirSync(join(scratch, 'server'));
  const server = await startServer(python, join(scratch, 'server'));
  let peer: Peer | null = null;
  try {
    peer = await startPeer(python, root, server.uri);
    const store = createServerTracking(serverSettings({ MLFLOW_TRACKING_URI: server.uri })!);
    let spools = 0;
    /** As netloop runs: through the spool, and counted until the server has everything. */
    const ours = async (work: (to: Tracking) => Promise<void>): Promise<undefined> => {
      const spooled = createSpooledTracking(store, join(scratch, `spool ${spools++}`), { background: true });
      await work(spooled);
      if (!(await spooled.drain())) throw new Error('the server did not take everything');
      await spooled.close();
      return undefined;
    };
    say(`MLflow ${peer.version} on loopback, SQLite behind it`);
    const them = peer;
    const runs = await interleave(
      [
        { name: 'netloop', run: () => ours((to) => logRuns(to, 'bench', RUNS)) },
        { name: 'Python, fluent', run: () => them.run({ do: 'fluent', experiment: 'bench', runs: RUNS }) },
        { name: 'Python, MlflowClient', run: () => them.run({ do: 'low-level', experiment: 'bench', runs: RUNS }) },
      ],
      rounds,
    );
    report(`runs of 20 params and 20 metrics to a server, ${RUNS} a round`, 'runs/s', RUNS, runs);
    const metrics = await interleave(
      [
        { name: 'netloop', run: () => ours((to) => logBatched(to, 'bench', METRICS)) },
        { name: 'Python, log_batch', run: () => them.run({ do: 'batched', experiment: 'bench', metrics: METRICS }) },
      ],
      rounds,
    );
    report(`one run's metrics to a server in batches of 1,000, ${METRICS} a round`, 'metrics/s', METRICS, metrics);
    store.close();
  } finally {
    peer?.close();
    await server.stop();
  }
}

async function againstLocal(): Promise<void> {
  const [RUNS, THEIRS, METRICS, THEIR_METRICS] = [1000, 20, 100_000, 10_000];
  const store = createEmbeddedTracking(join(scratch, 'embedded'));
  const peer = await startPeer(python, root, `sqlite:///${join(scratch, 'theirs.db')}`);
  try {
    let spools = 0;
    /** The same through the spool in the background; milliseconds until every run is on disk there, or in the store. */
    const spooled = async (until: 'spool' | 'store'): Promise<number> => {
      const to = createSpooledTracking(store, join(scratch, `local spool ${spools++}`), { background: true });
      const begun = performance.now();
      await logRuns(to, 'bench', RUNS);
      const taken = performance.now() - begun;
      await to.drain();
      const there = performance.now() - begun;
      await to.close();
      return until === 'spool' ? taken : there;
    };
    const [direct, ...others] = await interleave(
      [
        { name: 'netloop', run: async () => void (await logRuns(store, 'bench', RUNS)) },
        { name: 'netloop, through the spool', run: () => spooled('store') },
        { name: 'netloop, until the spool has it', run: () => spooled('spool') },
        { name: 'Python, fluent', run: () => peer.run({ do: 'fluent', experiment: 'bench', runs: THEIRS }) },
        { name: 'Python, MlflowClient', run: () => peer.run({ do: 'low-level', experiment: 'bench', runs: THEIRS }) },
      ],
      rounds,
    );
    const theirs = others.slice(2);
    for (const [way, ours] of [
      ['each call a transaction', direct!],
      ['through the spool, until the store has them', others[0]!],
      ['through the spool, until a killed process would not lose them', others[1]!],
    ] as const)
      report(`runs to the embedded store (${way}) and to MLflow's own local SQLite`, 'runs/s', [RUNS, THEIRS, THEIRS], [ours, ...theirs]);
    const metrics = await interleave(
      [
        { name: 'netloop', run: async () => void (await logBatched(store, 'bench', METRICS)) },
        { name: 'Python, log_batch', run: () => peer.run({ do: 'batched', experiment: 'bench', metrics: THEIR_METRICS }) },
      ],
      rounds,
    );
    report("one run's metrics, in batches of 1,000", 'metrics/s', [METRICS, THEIR_METRICS], metrics);
  } finally {
    peer.close();
    store.close();
  }
}

async function listing(): Promise<void> {
  const store = createEmbeddedTracking(join(scratch, 'many'));
  for (let n = 0; n < 10_000; n++) {
    const id = await store.start({ experiment: `e${n % 20}`, name: `run ${n}`, startTime: 1e12 + n });
    await store.log(id, { params, metrics: metricsOf(n) });
    await store.finish(id, 'FINISHED');
  }
  const [last] = await store.runs({ limit: 1 });
  const looks: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['the 20 newest', () => store.runs({ parent: null, limit: 20 })],
    ['the 1,000 newest, everything of each', () => store.runs({ limit: 1000 })],
    ['one experiment of 500 runs', () => store.runs({ experiment: 'e3', limit: 10_000 })],
    ['id and name of all', () => store.names()],
    ['one run, for a comparison', () => store.runs({ id: last!.id })],
  ];
  say('\n10,000 runs of 20 params and 20 metrics in the embedded store; wall and CPU time, medians');
  for (const [name, look] of looks) {
    const wall: number[] = [];
    const cpu: number[] = [];
    for (let i = 0; i <= rounds; i++) {
      const [start, before] = [performance.now(), process.cpuUsage()];
      await look();
      const { user, system } = process.cpuUsage(before);
      wall.push(performance.now() - start);
      cpu.push((user + system) / 1000);
    }
    say(`  ${name}: ${median(wall.slice(1)).toFixed(1)} ms, CPU ${median(cpu.slice(1)).toFixed(1)} ms`);
  }
  store.close();
}

try {
  say(
    `${cpus()[0]?.model} x ${cpus().length}, Node ${process.version}, ${rounds} rounds, medians (slowest to fastest); load ${loadavg()[0]!.toFixed(1)}`,
  );
  const peers = existsSync(python);
  if (!peers) say('no Python peers: node scripts/python.mjs installs them; without them server and embedded are left out');
  if (peers && parts.includes('server')) await againstServer();
  if (peers && parts.includes('embedded')) await againstLocal();
  if (parts.includes('list')) await listing();
  if (parts.includes('share')) {
    const { run, tracking, calls } = await trackingShare(root, scratch);
    say(
      `\none run of experiments/lab.yaml: ${run.toFixed(0)} ms of CPU, of which its ${calls} tracking calls ${tracking.toFixed(0)} ms (${((100 * tracking) / run).toFixed(2)} %)`,
    );
  }
  if (parts.includes('reruns')) {
    const n = atLeast(values.reruns, 1);
    const { exact, cycles, seconds, first } = await rerunsExact(root, scratch, n, (done) => done % 10 === 0 && tell(`${done} reruns`));
    say(
      `\n${exact} of ${n} reruns of experiments/lab.yaml bit-exact (${cycles} cycles each; 1, 2 and 4 threads in turn; ${seconds.toFixed(0)} s)`,
    );
    if (first !== null) say(`  first divergence: ${first}`);
  }
  if (parts.includes('sweep')) {
    const n = atLeast(values.trials, 2);
    const { one, two, same } = await sweepTimes(root, scratch, n, tell);
    const ratio = `${(two / one).toFixed(2)}x of the time`;
    say(
      `\na sweep of ${n} trials over experiments/lab.yaml: ${one.toFixed(1)} s on 1 worker, ${two.toFixed(1)} s on 2: ${ratio} (bar: 0.60x)`,
    );
    if (!same) say('  the trials gave other hashes on 2 workers than on 1');
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
