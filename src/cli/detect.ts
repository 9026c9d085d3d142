import type { Command } from 'commander';
import type { Alert } from '../alert.js';
import { createDetector, type Detector } from '../detector.js';
import { NetloopError } from '../errors.js';
import { createFeaturizer } from '../featurize.js';
import type { ModelName, ModelVersion } from '../registry.js';
import { createRules } from '../rules/all.js';
import type { FileRegistry } from '../stores/registry-files.js';
import { walk } from '../walk.js';
import { damageOf, refuseUndecodable, reportDamage } from './damage.js';
import { openRegistry } from './ports.js';
import { print } from './print.js';
import { addSourceOptions, trafficOptions } from './source-options.js';
import { addWireOptions, openTraffic, type WireFlags } from './wire.js';

interface Flags extends WireFlags {
  readonly model: string[];
  readonly rulesOnly?: boolean;
}

/** `flow@champion`, `behaviour@3`. */
async function versionOf(registry: FileRegistry, reference: string): Promise<ModelVersion> {
  const [name = '', alias = 'champion'] = reference.split('@');
  if (name !== 'behaviour' && name !== 'flow')
    throw new NetloopError('NL_MODEL_UNKNOWN', `no model '${name}': expected behaviour@… or flow@…`);
  if (/^v?\d+$/.test(alias)) return registry.load(name, Number(alias.replace('v', '')));
  if (alias !== 'champion' && alias !== 'challenger') {
    throw new NetloopError(
      'NL_MODEL_UNKNOWN',
      `no alias '${alias}': expected ${name}@champion, ${name}@challenger or a number, as ${name}@3`,
    );
  }
  const found = alias === 'champion' ? await registry.current(name) : (await registry.list(name)).at(-1);
  if (!found) throw new NetloopError('NL_MODEL_UNKNOWN', `no version ${reference} yet: netloop models list ${name}`);
  return found;
}

/** One alert as a line: seconds, Zeek's names. */
export const alertLine = ({ ts, source, rule, orig_h, resp_h, orig_p, resp_p, score, evidence, model_version, id }: Alert): string =>
  JSON.stringify({ ts: ts / 1e6, source, rule, orig_h, resp_h, orig_p, resp_p, score, evidence, model_version, id });

/** Loads what shall score; warns where nothing does. Champions are read only: a read-only home serves. */
async function arm(detector: Detector, { model, rulesOnly }: Flags): Promise<void> {
  if (rulesOnly) return;
  const { registry, close } = openRegistry();
  try {
    for (const reference of model) detector.swap(await versionOf(registry, reference));
    if (model.length === 0) {
      for (const name of ['behaviour', 'flow'] as const satisfies readonly ModelName[]) {
        const champion = await registry.current(name);
        if (champion) detector.swap(champion);
      }
    }
  } finally {
    await close();
  }
  if (!detector.live('behaviour') && !detector.live('flow')) {
    process.stderr.write('no champion yet: rules only (npm start, or netloop run experiments/lab.yaml, makes one)\n');
  }
}

async function detect(files: readonly string[], flags: Flags): Promise<void> {
  const { sources, signal } = await openTraffic(files, flags);
  const detector = createDetector({ rules: createRules(), featurize: createFeaturizer() });
  try {
    await arm(detector, flags);
    const { flows, alerts, ignored } = await walk({
      sources,
      detector,
      pupils: [],
      runCycle: () => Promise.reject(new Error('no learner, no cycle')),
      traffic: trafficOptions(flags),
      onAlerts: (found) => print(found.map((alert) => `${alertLine(alert)}\n`).join('')),
      signal,
    }).catch((error: unknown) => {
      reportDamage(damageOf(sources));
      throw error;
    });
    reportDamage(ignored);
    refuseUndecodable(files, flows, ignored);
    process.stderr.write(`${flows} flows, ${alerts} alerts\n`);
  } finally {
    detector.dispose();
  }
}

export function addDetect(program: Command): void {
  const command = program
    .command('detect')
    .description('alerts of rules and champions, as JSON lines')
    .argument('[file...]', 'captures or flow records; or --interface')
    .option('--model <name@alias...>', 'score with these versions only, e.g. flow@3; default: both champions', [])
    .option('--rules-only', 'no models')
    .option('--json', 'lines of JSON (the only format)')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop detect datasets/lab/day2/capture.pcap.xz | head\n  netloop detect capture.pcap --model flow@2 --model behaviour@champion\n  sudo netloop detect --interface eth0',
    );
  addWireOptions(addSourceOptions(command)).action(detect);
}
