import { type Command, Option } from 'commander';
import { NetloopError } from '../errors.js';
import { copyRuns } from '../stores/copy-runs.js';
import { prepareHome } from '../stores/home.js';
import { kerasCopies } from '../stores/keras/versions.js';
import { mlflowModelFiles } from '../stores/mlflow/model-files.js';
import { serverSettings } from '../stores/mlflow/settings.js';
import { createServerTracking } from '../stores/mlflow/tracking.js';
import { registryId } from '../stores/open-tracking.js';
import { findRun } from '../stores/recorded-run.js';
import { createFileRegistry } from '../stores/registry-files.js';
import { createEmbeddedTracking, type EmbeddedTracking } from '../stores/tracking-embedded.js';
import { interruptSignal } from './interrupt.js';
import { openHome } from './ports.js';

/** Whole ids of runs by the beginnings given; undefined for none given: all runs. */
export async function wholeIds(tracking: EmbeddedTracking, given: readonly string[]): Promise<string[] | undefined> {
  if (given.length === 0) return undefined;
  return Promise.all(given.map(async (id) => (await findRun(tracking, id)).id));
}

interface Flags {
  readonly to?: string;
  readonly models: boolean;
  readonly json?: boolean;
}

async function push(given: readonly string[], { to, models, json }: Flags): Promise<void> {
  const settings = serverSettings(to === undefined ? process.env : { ...process.env, MLFLOW_TRACKING_URI: to });
  if (settings === null) throw new NetloopError('NL_OPTION', 'no server: set MLFLOW_TRACKING_URI, or name one with --to http://host:port');
  const home = prepareHome(openHome());
  const from = createEmbeddedTracking(home.tracking);
  const server = createServerTracking({ ...settings, experiment: null, run: null }, { registry: registryId(home) });
  const signal = interruptSignal();
  try {
    const report = await copyRuns(from, server, {
      only: await wholeIds(from, given),
      signal,
      onRun: (run, state) => !json && process.stderr.write(`${run.id.slice(0, 12)} ${run.experiment} / ${run.name}: ${state}\n`),
    });
    let shown = true;
    if (models) {
      const mirror = {
        ...server,
        registerModel: (version: Parameters<typeof server.registerModel>[0]) =>
          server.registerModel({ ...version, run: version.run && (report.ids.get(version.run) ?? version.run) }),
      };
      const registry = createFileRegistry({
        dir: home.models,
        mirror,
        extras: kerasCopies,
        pages: mlflowModelFiles,
        onWarning: ({ code, message, cause }) =>
          process.stderr.write(`${code} ${message}${cause instanceof Error ? ` (${cause.message})` : ''}\n`),
      });
      for (const name of ['behaviour', 'flow'] as const) shown = (await registry.reconcile(name)) && shown;
    }
    const { copied, present } = report;
    process.stdout.write(
      json
        ? `${JSON.stringify({ server: settings.uri, copied, present, models: models && shown })}\n`
        : `${copied} runs copied to ${settings.uri}, ${present} were there\n`,
    );
    if (!shown) throw new NetloopError('NL_SERVER', 'the runs are there, but not every model: push again');
  } finally {
    from.close();
    server.close();
  }
}

export function addPush(program: Command): void {
  program
    .command('push')
    .description('copy recorded runs and models from the embedded store to an MLflow server; may be cut short and begun again')
    .argument('[runs...]', 'ids, or their beginnings; what is nested goes along (default: all runs)')
    .option('--to <uri>', 'the server (default: MLFLOW_TRACKING_URI)')
    .addOption(new Option('--no-models', 'leave the model registry out'))
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop push --to http://127.0.0.1:5000\n  MLFLOW_TRACKING_URI=https://mlflow.lab netloop push 3f2a91',
    )
    .action(push);
}
