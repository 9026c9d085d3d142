import type { Command } from 'commander';
import { type Counterfactual, createCounterfactual } from '../counterfactual.js';
import { createDetector, type Detector } from '../detector.js';
import { NetloopError } from '../errors.js';
import { createFeaturizer } from '../featurize.js';
import type { ModelName, ModelVersion } from '../registry.js';
import { createRules } from '../rules/all.js';
import type { Source } from '../source.js';
import type { FileRegistry } from '../stores/registry-files.js';
import { type WalkOptions, type WalkReport, walk } from '../walk.js';
import { alertLine } from './alert-line.js';
import { damageOf, refuseUndecodable, reportDamage, reportLoss } from './damage.js';
import { renderDifferences } from './differences.js';
import { openRegistry } from './ports.js';
import { print } from './print.js';
import { addSourceOptions, trafficOptions } from './source-options.js';
import { addWireOptions, openTraffic, type WireFlags } from './wire.js';

interface Flags extends WireFlags {
  readonly model: string[];
  readonly rulesOnly?: boolean;
  readonly against?: string;
  readonly json?: boolean;
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

/** The walk without rules, learners and alerts of its own. */
const pass = (replay: Counterfactual, sources: readonly Source[], options: Pick<WalkOptions, 'traffic' | 'signal'>): Promise<WalkReport> =>
  walk({
    ...options,
    sources,
    pupils: [],
    runCycle: () => Promise.reject(new Error('no learner, no cycle')),
    detector: {
      observe: (event) => {
        replay.observe(event);
        return [];
      },
      advance: () => [],
      swap: () => {
        throw new Error('nothing is swapped in a replay');
      },
      live: () => null,
      dispose: replay.dispose,
    },
  });

/** Two versions on the same traffic, alert by alert. */
async function sideBySide(files: readonly string[], flags: Flags, against: string): Promise<void> {
  if (flags.rulesOnly || flags.model.length > 1) {
    throw new NetloopError('NL_OPTION', 'invalid --against: it holds one version against another, --model flow@3 --against flow@5');
  }
  const { sources, signal } = await openTraffic(files, flags);
  const { registry, close } = openRegistry();
  try {
    const b = await versionOf(registry, against);
    const a = await versionOf(registry, flags.model[0] ?? `${b.name}@champion`);
    const replay = createCounterfactual({ a, b });
    try {
      const { flows, ignored } = await pass(replay, sources, { traffic: trafficOptions(flags), signal });
      reportDamage(ignored);
      refuseUndecodable(files, flows, ignored);
      const found = { a: `${a.name}@${a.version}`, b: `${b.name}@${b.version}`, flows, ...replay.differences() };
      await print(flags.json ? `${JSON.stringify(found)}\n` : renderDifferences(found));
    } finally {
      replay.dispose();
    }
  } finally {
    await close();
  }
}

async function detect(files: readonly string[], flags: Flags): Promise<void> {
  if (flags.against !== undefined) return sideBySide(files, flags, flags.against);
  const { sources, signal } = await openTraffic(files, flags);
  const detector = createDetector({ rules: createRules(), featurize: createFeaturizer() });
  try {
    await arm(detector, flags);
    const { flows, alerts, ignored, loss } = await walk({
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
    reportLoss(loss);
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
    .option('--against <name@alias>', 'hold this version against --model (default: its champion), alert by alert')
    .option('--rules-only', 'no models')
    .option('--json', 'lines of JSON (the only format); with --against one object')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop detect datasets/lab/day2/capture.pcap.xz | head\n  netloop detect capture.pcap --model flow@2 --model behaviour@champion\n  netloop detect capture.pcap --model flow@3 --against flow@5\n  sudo netloop detect --interface eth0',
    );
  addWireOptions(addSourceOptions(command)).action(detect);
}
