import { join } from 'node:path';
import type { Command } from 'commander';
import { number } from '../errors.js';
import { startService } from '../service/service.js';
import { openLive } from '../sources/live.js';
import { resolveSpec } from '../spec.js';
import { watchAlias } from '../stores/mlflow/watch-alias.js';
import { interruptSignal } from './interrupt.js';
import { openHome, openPorts, packageRoot } from './ports.js';

/** Serves until it is told to stop (Ctrl-C or a polite kill): then cycles under way finish and everything is recorded. */
export async function serve({
  host = '127.0.0.1',
  port = 8000,
  token = process.env.NETLOOP_TOKEN || undefined,
  version,
}: {
  readonly host?: string;
  readonly port?: number;
  readonly token?: string;
  readonly version?: string;
} = {}): Promise<void> {
  const signal = interruptSignal();
  const home = openHome();
  const ports = await openPorts(resolveSpec({ name: 'service', source: { files: ['-'] }, publish: true }));
  try {
    const service = await startService({
      ports,
      state: home.state,
      captures: { datasets: join(packageRoot, 'datasets'), captures: join(home.dir, 'captures') },
      host,
      port,
      token,
      version,
      openInterface: (name, { filter, stop }) =>
        openLive({
          interface: name,
          filter: filter ?? undefined,
          stop,
          onNotice: (notice) => process.stderr.write(`${name}: ${notice}\n`),
        }),
      onError: (error, where) =>
        process.stderr.write(`NL_INTERNAL ${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
    });
    const watch = watchAlias(ports.pages, {
      current: async (name) => (await ports.registry.current(name))?.version ?? null,
      onMove: (name, version) => service.loop.promote(name, version, 'set as champion on the MLflow page'),
      onWarning: ({ code, message }) => process.stderr.write(`${code} ${message}\n`),
    });
    process.stderr.write(`${service.url}/ shows it, ${service.url}/docs tells how to call it; Ctrl-C stops\n`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    process.stderr.write('stopping: what trains is finished first; Ctrl-C again ends at once\n');
    await watch.close();
    await service.close();
  } finally {
    await ports.close();
  }
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('detect and learn at the same time, with a page and a REST interface')
    .option('--port <number>', 'where to listen; 0 takes a free one', '8000')
    .option('--host <address>', 'beyond this machine it needs NETLOOP_TOKEN', '127.0.0.1')
    .addHelpText('after', '\nExamples:\n  netloop serve\n  NETLOOP_TOKEN=$(openssl rand -hex 16) netloop serve --host 0.0.0.0')
    .action(async ({ port, host }: { port: string; host: string }) => {
      await serve({ host, port: number('--port', Number(port), { min: 0, max: 65_535, integer: true }), version: program.version() });
    });
}
