/**
 * A hub under load: alerts over HTTP into PostgreSQL, then a cycle over the newest of them while the service answers.
 *
 *     npm run bench -- service [--alerts 1500000] [--batch 1000] [--senders 4] [--plain] [--database postgresql://…]
 *
 * Senders, service and database share this machine; CPU seconds of each are told beside the wall clock.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createFeaturizer } from '../../src/featurize.js';
import { openPostgres } from '../../src/stores/postgres.js';
import { makeFlows } from '../traffic/flows.js';
import { median } from './rounds.js';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const { values } = parseArgs({
  options: {
    alerts: { type: 'string', default: '1500000' },
    batch: { type: 'string', default: '1000' },
    senders: { type: 'string', default: '4' },
    plain: { type: 'boolean', default: false },
    database: { type: 'string', default: process.env.NETLOOP_TEST_DATABASE ?? 'postgresql://postgres@127.0.0.1:5432/postgres' },
  },
});
const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const total = Number(values.alerts);
const size = Number(values.batch);
const senders = Number(values.senders);
const pack = promisify(gzip);

/** CPU seconds of a process and its threads (Linux; else 0). */
const cpuOf = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
};
/** Server processes of PostgreSQL that live now. Those that have ended are not seen, so the sum is taken while the pool is open. */
const cpuOfPostgres = (): number => {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && readFileSync(`/proc/${name}/comm`, 'latin1').trim() === 'postgres')
      .reduce((sum, pid) => sum + cpuOf(Number(pid)), 0);
  } catch {
    return 0;
  }
};
const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

interface Ready {
  readonly url: string;
  readonly keys: readonly string[];
  readonly token: string;
}
interface Learnt {
  readonly cycle:
    | { readonly state: string; readonly seconds: number; readonly samples: { readonly others: number; readonly train: number } }
    | string;
}

async function say1<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}

/** Alerts as text, but for id and time: traffic of the tests, one in four an attack. */
const bodies = (() => {
  const featurize = createFeaturizer();
  return makeFlows({ flows: 20_000, users: 1000, seed: 9 }).map((flow) => {
    const { orig_h, resp_h, orig_p, resp_p, label } = flow;
    const shared = { source: 'ANN', rule: 'flow-score', orig_h, resp_h, orig_p, resp_p, score: label === 1 ? 0.99 : 0.1 };
    const rest = {
      evidence: { service: flow.service, conn_state: flow.conn_state, threshold: 0.05 },
      model_version: 'flow@1',
      user: orig_h,
    };
    return JSON.stringify({ ...shared, ...rest, row: featurize(flow) }).slice(1);
  });
})();
const bodyOf = (from: number, to: number): string => {
  const parts: string[] = [];
  for (let n = from; n < to; n++) parts.push(`{"id":"b${n}","ts":${1_700_000_000_000_000 + n * 1000},${bodies[n % bodies.length]}`);
  return `{"alerts":[${parts.join(',')}]}`;
};

const agent = new Agent({ keepAlive: true });
const call = (url: string, method: string, headers: Record<string, string>, body?: Buffer | string): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode!));
    });
    sent.on('error', reject);
    sent.end(body);
  });

const scratch = join(root, '.netloop', `bench-service-${process.pid}`);
const name = `netloop_bench_${process.pid}_${randomBytes(3).toString('hex')}`;
mkdirSync(scratch, { recursive: true });
const admin = openPostgres(values.database, { connections: 1 });
await admin.query(`CREATE DATABASE ${name}`);
const url = new URL(`/${name}`, values.database).href;
const child = fork(join(import.meta.dirname, 'service-hub.js'), [url], { env: { ...process.env, NETLOOP_HOME: scratch } });
try {
  const hub = await say1<Ready>(child);
  const { rows } = await admin.query<{ v: string; s: string }>(
    "SELECT current_setting('server_version') AS v, current_setting('synchronous_commit') AS s",
  );
  say(`PostgreSQL ${rows[0]!.v}, synchronous_commit ${rows[0]!.s}; Node ${process.version}; ${cpus().length} x ${cpus()[0]?.model}`);
  const cpu = { service: cpuOf(child.pid!), senders: process.cpuUsage(), postgres: cpuOfPostgres() };
  const began = performance.now();
  let next = 0;
  let kept = 0;
  const times: number[] = [];
  const send = async (key: string): Promise<void> => {
    while (next < total) {
      const from = next;
      const to = Math.min(total, from + size);
      next = to;
      const text = bodyOf(from, to);
      const body = values.plain ? text : await pack(text, { level: 1 });
      const at = performance.now();
      const status = await call(
        `${hub.url}/ingest/alerts`,
        'POST',
        { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...(values.plain ? {} : { 'content-encoding': 'gzip' }) },
        body,
      );
      times.push(performance.now() - at);
      if (status !== 200) throw new Error(`ingest answers ${status}`);
      const before = kept;
      kept += to - from;
      if (Math.floor(kept / 250_000) > Math.floor(before / 250_000)) {
        say(`  ${kept} alerts, ${Math.round((kept / (performance.now() - began)) * 1000)} a second`);
      }
    }
  };
  await Promise.all(hub.keys.slice(0, senders).map(send));
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu.senders);
  const db = openPostgres(url, { connections: 1 });
  const held = (await db.query<{ n: string; d: string }>('SELECT count(*) AS n, count(DISTINCT (deployment, id)) AS d FROM alerts'))
    .rows[0]!;
  const weight = (await db.query<{ s: string }>('SELECT pg_size_pretty(pg_database_size(current_database())) AS s')).rows[0]!.s;
  times.sort((a, b) => a - b);
  say(`sent ${total}, held ${held.n}, different ${held.d}, database ${weight}`);
  say(`ingest: ${Math.round(total / seconds)} alerts/s over ${seconds.toFixed(1)} s in batches of ${size} from ${senders} senders`);
  say(`  a batch: median ${median(times).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`);
  const spent = cpuOf(child.pid!) - cpu.service;
  const ours = (used.user + used.system) / 1e6;
  say(
    `  CPU: service ${spent.toFixed(1)} s, senders ${ours.toFixed(1)} s, PostgreSQL about ${(cpuOfPostgres() - cpu.postgres).toFixed(1)} s`,
  );
  await db.close();

  const headers = { authorization: `Bearer ${hub.token}` };
  const poll = async (going: () => boolean): Promise<number[]> => {
    const found: number[] = [];
    while (going()) {
      const at = performance.now();
      if ((await call(`${hub.url}/learning/status`, 'GET', headers)) !== 200) throw new Error('status is not 200');
      found.push(performance.now() - at);
      await sleep(2);
    }
    return found.sort((a, b) => a - b);
  };
  const tell = (what: string, found: readonly number[]): void =>
    say(
      `  ${what}: ${found.length} calls, median ${median(found).toFixed(1)} ms, p99 ${quantile(found, 0.99).toFixed(1)} ms, most ${quantile(found, 1).toFixed(1)} ms`,
    );
  const quiet = performance.now() + 3000;
  const idle = await poll(() => performance.now() < quiet);
  let learnt: Learnt | null = null;
  const answer = say1<Learnt>(child).then((message) => {
    learnt = message;
  });
  child.send('learn');
  const busy = await poll(() => learnt === null);
  await answer;
  const { cycle } = learnt!;
  say(
    typeof cycle === 'string' ? `cycle: ${cycle}` : `cycle: ${cycle.state}, ${cycle.samples.others} alerts, ${cycle.seconds.toFixed(1)} s`,
  );
  say('GET /learning/status');
  tell('idle', idle);
  tell('during the cycle', busy);
} finally {
  child.send('end');
  await once(child, 'exit');
  await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await admin.close();
  rmSync(scratch, { recursive: true, force: true });
  agent.destroy();
}
