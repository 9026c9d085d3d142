import { join } from 'node:path';
import type { Command } from 'commander';
import { number } from '../errors.js';
import { createMask } from '../privacy.js';
import { followMlflow } from '../service/follow-mlflow.js';
import { openHub } from '../service/hub.js';
import { startService } from '../service/service.js';
import { openLive } from '../sources/live.js';
import { resolveSpec } from '../spec.js';
import { createDeployments } from '../stores/deployments-sqlite.js';
import { serverSettings } from '../stores/mlflow/settings.js';
import { registryId } from '../stores/open-tracking.js';
import { interruptSignal } from './interrupt.js';
import { openHome, openPorts, packageRoot } from './ports.js';
import { readServiceSettings, settingsHelp } from './service-settings.js';

/** Serves until it is told to stop (Ctrl-C or a polite kill): then cycles under way finish and everything is recorded. */
export async function serve({
  host = '127.0.0.1',
  port = 8000,
  hub: hubUrl,
  version,
}: {
  readonly host?: string;
  readonly port?: number;
  /** Address of the hub that this site belongs to. */
  readonly hub?: string;
  readonly version?: string;
} = {}): Promise<void> {
  const { token, readToken, database, privacy, retentionDays, hub, webhook } = readServiceSettings(process.env, hubUrl);
  const signal = interruptSignal();
  const home = openHome();
  const ports = await openPorts(resolveSpec({ name: 'service', source: { files: ['-'] }, publish: true }));
  const onTrouble = (trouble: Error): void => void process.stderr.write(`${trouble.message}\n`); // names a database or a hub, no traffic
  const shared = database === undefined ? null : await openHub(database, { ports, state: home.state, onTrouble });
  const mask = createMask({ mode: privacy, key: (shared?.ports ?? ports).ledger?.key });
  const deployments = createDeployments(join(home.state, 'deployments.db'));
  const follower = followMlflow({
    pages: ports.pages,
    registry: ports.registry,
    webhook:
      webhook === undefined ? undefined : { settings: serverSettings(process.env)!, url: webhook, name: `netloop-${registryId(home)}` },
    onWarning: ({ code, message }) => process.stderr.write(`${code} ${message}\n`),
  });
  try {
    const service = await startService({
      ports: shared?.ports ?? ports,
      store: shared?.store,
      learner: shared?.learner,
      deployments: shared?.deployments ?? deployments,
      mask,
      retentionDays,
      hub,
      // A site of a hub runs the flow model that is learnt from everybody's alerts.
      config: hub ? { flow: { enabled: false } } : undefined,
      readToken,
      state: home.state,
      captures: { datasets: join(packageRoot, 'datasets'), captures: join(home.dir, 'captures') },
      host,
      port,
      token,
      version,
      mlflow: follower.news ?? undefined,
      openInterface: (name, { filter, stop }) =>
        openLive({
          interface: name,
          filter: filter ?? undefined,
          stop,
          onNotice: (notice) => process.stderr.write(`${name}: ${notice}\n`),
        }),
      onError: (error, where) =>
        process.stderr.write(
          mask.text(`NL_INTERNAL ${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
        ),
    });
    follower.follow(service.loop);
    process.stderr.write(`${service.url}/ shows it, ${service.url}/docs tells how to call it; Ctrl-C stops\n`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    process.stderr.write('stopping: what trains is finished first; Ctrl-C again ends at once\n');
    await follower.close();
    await service.close();
  } finally {
    await shared?.close();
    deployments.close();
    await ports.close();
  }
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('detect and learn at the same time, with a page and a REST interface')
    .option('--port <number>', 'where to listen; 0 takes a free one', '8000')
    .option('--host <address>', 'beyond this machine it needs NETLOOP_TOKEN', '127.0.0.1')
    .option('--hub <url>', 'send alerts there and take champions from there; its key is NETLOOP_HUB_KEY')
    .addHelpText(
      'after',
      `${settingsHelp}

Examples:
  netloop serve
  NETLOOP_TOKEN=$(openssl rand -hex 16) netloop serve --host 0.0.0.0
  NETLOOP_DATABASE_URL=postgresql://netloop@db/netloop netloop serve
  NETLOOP_HUB_KEY=site-1.… netloop serve --hub https://hub.example.org`,
    )
    .action(async ({ port, host, hub }: { port: string; host: string; hub?: string }) => {
      await serve({ host, hub, port: number('--port', Number(port), { min: 0, max: 65_535, integer: true }), version: program.version() });
    });
}
