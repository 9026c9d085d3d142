import { join } from 'node:path';
import type { Command } from 'commander';
import { loadSpec } from '../sources/spec-file.js';
import { resolveSpec } from '../spec.js';
import { packageRoot } from './ports.js';
import { renderReport } from './report.js';
import { runSpec } from './run.js';
import { serve } from './serve.js';

export function addStart(program: Command): void {
  program
    .command('start')
    .description('the main job on the shipped lab: replay both days through cycles of both learners, then serve the page')
    .option('--exit', 'stop after the replay: no port is opened')
    .option('--json', 'end with one JSON object on standard output')
    .addHelpText('after', '\nExample:\n  npm start -- --exit')
    .action(async (options: { exit?: boolean; json?: boolean }) => {
      const file = join(packageRoot, 'experiments', 'lab.yaml');
      const report = await runSpec(resolveSpec(loadSpec(file), file), { quiet: options.json === true });
      if (options.json) {
        process.stdout.write(`${JSON.stringify(report)}\n`);
        return;
      }
      const live = (['behaviour', 'flow'] as const).map((name) => `${name}@${report.live[name] ?? 'none'}`).join(' and ');
      process.stdout.write(`${renderReport(report)}

Live now: ${live}, in models/; every cycle is run ${report.run_id} in .netloop/tracking (any MLflow opens it).
See:      npx netloop models list   |   npx netloop detect datasets/lab/day2/capture.pcap.xz   |   npx netloop doctor
Try next: npx netloop run experiments/lab.yaml --set labels.benignBelow=0.1 --set publish=false
`);
      if (!options.exit) await serve();
    });
}
