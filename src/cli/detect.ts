import type { Command } from 'commander';
import type { Alert } from '../alert.js';
import { createDetector } from '../detector.js';
import { NetloopError } from '../errors.js';
import { createFeaturizer } from '../featurize.js';
import type { ModelName, ModelVersion } from '../registry.js';
import { createRules } from '../rules/all.js';
import { openSource } from '../sources/open.js';
import type { FileRegistry } from '../stores/registry-files.js';
import { walk } from '../walk.js';
import { addSourceOptions, reportDamage, type SourceFlags, sourceOptions, trafficOptions } from './flows.js';
import { interruptSignal } from './interrupt.js';
import { openRegistry } from './ports.js';

/** `flow@champion`, `behaviour@3`. */
async function versionOf(registry: FileRegistry, reference: string): Promise<ModelVersion> {
  const [name = '', alias = 'champion'] = reference.split('@');
  if (name !== 'behaviour' && name !== 'flow')
    throw new NetloopError('NL_MODEL_UNKNOWN', `no model '${name}': expected behaviour@… or flow@…`);
  if (/^v?\d+$/.test(alias)) return registry.load(name, Number(alias.replace('v', '')));
  const champion = alias === 'champion' ? await registry.current(name) : null;
  if (!champion) throw new NetloopError('NL_MODEL_UNKNOWN', `no version ${reference}: netloop models list ${name}`);
  return champion;
}

/** One alert as a line: seconds, Zeek's names. */
export const alertLine = ({ ts, source, rule, orig_h, resp_h, orig_p, resp_p, score, evidence, model_version, id }: Alert): string =>
  JSON.stringify({ ts: ts / 1e6, source, rule, orig_h, resp_h, orig_p, resp_p, score, evidence, model_version, id });

export function addDetect(program: Command): void {
  const command = program
    .command('detect')
    .description('alerts of rules and champions, as JSON lines')
    .argument('<file...>', 'captures or flow records')
    .option('--model <name@alias...>', 'a version instead of the champion, e.g. flow@3', [])
    .option('--rules-only', 'no models')
    .option('--json', 'lines of JSON (the only format)')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop detect datasets/lab/day2/capture.pcap.xz | head\n  netloop detect capture.pcap --model flow@2 --model behaviour@champion',
    );
  addSourceOptions(command).action(async (files: string[], flags: SourceFlags & { model: string[]; rulesOnly?: boolean }) => {
    const detector = createDetector({ rules: createRules(), featurize: createFeaturizer() });
    const { registry, close } = openRegistry();
    try {
      if (!flags.rulesOnly) {
        for (const reference of flags.model) detector.swap(await versionOf(registry, reference));
        for (const name of ['behaviour', 'flow'] as const satisfies readonly ModelName[]) {
          const champion = detector.live(name) || flags.model.length > 0 ? null : await registry.current(name);
          if (champion) detector.swap(champion);
        }
        if (!detector.live('behaviour') && !detector.live('flow')) {
          process.stderr.write('no champion yet: rules only (npm start, or netloop run experiments/lab.yaml, makes one)\n');
        }
      }
    } finally {
      close();
    }
    const sources = await Promise.all(files.map((file) => openSource(file, sourceOptions(flags))));
    const report = await walk({
      sources,
      detector,
      pupils: [],
      runCycle: () => Promise.reject(new Error('no learner, no cycle')),
      traffic: trafficOptions(flags),
      onAlerts: async (alerts) => {
        process.stdout.write(alerts.map((a) => `${alertLine(a)}\n`).join(''));
      },
      signal: interruptSignal(),
    });
    reportDamage(report.ignored);
    process.stderr.write(`${report.flows} flows, ${report.alerts} alerts\n`);
  });
}
