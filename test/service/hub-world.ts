import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { StoredAlert } from '../../src/alert.js';
import { createFeaturizer } from '../../src/featurize.js';
import { openHub } from '../../src/service/hub.js';
import type { ServiceOptions } from '../../src/service/service.js';
import { makeFlows } from '../traffic/flows.js';
import { startSite } from './site.js';

/** A free port, given back before it is used. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A way to one of several services, in turn, that can be cut: then nobody is reached, and who was is cut off. */
export async function startWay(ports: readonly number[]): Promise<{ readonly url: string; cut(): void; mend(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const port = await freePort();
  let server: Server;
  const mend = async (): Promise<void> => {
    server = createServer((from) => {
      const to = connect(ports[turn++ % ports.length]!, '127.0.0.1');
      for (const [one, other] of [
        [from, to],
        [to, from],
      ] as const) {
        sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      }
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  await mend();
  onTestFinished(cut);
  return { url: `http://127.0.0.1:${port}`, cut, mend };
}

const run = promisify(execFile);

/** A PostgreSQL of the test's own, which it may stop and start: Debian's, as an ordinary user, on its own port. */
export async function startCluster(): Promise<{ readonly url: string; stop(): Promise<void>; start(): Promise<void> }> {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort() : [];
  const bin = join('/usr/lib/postgresql', versions.at(-1) ?? '', 'bin');
  const dir = mkdtempSync(join(tmpdir(), 'netloop-cluster-'));
  const root = process.getuid?.() === 0;
  const user = root ? { uid: 65534, gid: 65534 } : {};
  if (root) chownSync(dir, 65534, 65534);
  chmodSync(dir, 0o700);
  const port = await freePort();
  const data = join(dir, 'data');
  const call = (program: string, args: string[]) =>
    run(join(bin, program), args, { ...user, cwd: dir, env: { ...process.env, LC_ALL: 'C' } });
  await call('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync']);
  const start = async (): Promise<void> => {
    // Not through a pipe: the server would keep it open, and the call would never end.
    const args = ['-D', data, '-w', '-l', join(dir, 'log'), '-o', `-p ${port} -k ${dir} -c listen_addresses=127.0.0.1`, 'start'];
    const [code] = (await once(spawn(join(bin, 'pg_ctl'), args, { ...user, cwd: dir, stdio: 'ignore' }), 'close')) as [number];
    if (code !== 0) throw new Error(`pg_ctl start: ${code}`);
  };
  const stop = async (): Promise<void> => void (await call('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop']));
  await start();
  onTestFinished(async () => {
    await stop().catch(() => {});
    rmSync(dir, { recursive: true, force: true });
  });
  return { url: `postgresql://postgres@127.0.0.1:${port}/postgres`, start, stop };
}

export const token = 'a token of at least sixteen';

/** One replica of the hub on a database. */
export async function startReplica(url: string, options: Partial<ServiceOptions> = {}) {
  return startSite({
    flows: 50,
    token,
    ...options,
    tie: async (ports, state) => {
      const hub = await openHub(url, { ports, state });
      onTestFinished(() => hub.close());
      return { ports: hub.ports, store: hub.store, deployments: hub.deployments, learner: { ...hub.learner, every: 3_600_000 } };
    },
  });
}

/** Alerts of one site, from seeded traffic: attacks by the flow model's high score, the rest by a low one. */
export function siteAlerts(site: number, count: number): StoredAlert[] {
  const featurize = createFeaturizer();
  return makeFlows({ flows: count, seed: 100 + site }).map((flow, i): StoredAlert => {
    const { ts, duration, orig_h, resp_h, orig_p, resp_p, label } = flow;
    return {
      id: `a${i}`, // the same at every site: only site and id together name an alert
      ts: ts + duration,
      source: 'ANN',
      rule: 'flow-score',
      orig_h,
      resp_h,
      orig_p,
      resp_p,
      score: label === 1 ? 0.99 : 0.1,
      evidence: { threshold: 0.05 },
      model_version: 'flow@1',
      user: orig_h,
      deployment: 'local',
      row: featurize(flow),
    };
  });
}
