import { join } from 'node:path';
import type { Command } from 'commander';
import { loadSpec } from '../sources/spec-file.js';
import { resolveSpec } from '../spec.js';
import { interruptSignal } from './interrupt.js';
import { prepareJupyter, showJupyter } from './jupyter.js';
import { packageRoot } from './ports.js';
import { renderReport } from './report.js';
import { runSpec } from './run.js';
import { serve } from './serve.js';

export function addStart(program: Command): void {
  program
    .command('start')
    .description('the main job on the shipped lab: replay both days through cycles of both learners, then serve the page and JupyterLab')
    .option('--exit', 'stop after the replay: no port is opened, no Python is touched')
    .option('--no-notebook', 'no JupyterLab')
    .option('--json', 'end with one JSON object on standard output')
    .addHelpText('after', '\nExample:\n  npm start -- --exit')
    .action(async ({ exit = false, json = false, notebook }: { exit?: boolean; json?: boolean; notebook: boolean }) => {
      const stop = new AbortController();
      // Installed while the lab is replayed, so that a newcomer waits for the longer of the two only.
      const venv = exit || json || !notebook ? null : prepareJupyter(stop.signal);
      venv?.catch(() => {}); // told when it is wanted
      const file = join(packageRoot, 'experiments', 'lab.yaml');
      const report = await runSpec(resolveSpec(loadSpec(file), file), { quiet: json }).catch((error) => {
        stop.abort();
        throw error;
      });
      if (json) {
        process.stdout.write(`${JSON.stringify(report)}\n`);
        return;
      }
      const live = (['behaviour', 'flow'] as const).map((name) => `${name}@${report.live[name] ?? 'none'}`).join(' and ');
      process.stdout.write(`${renderReport(report)}

Live now: ${live}, in models/; every cycle is run ${report.run_id} in .netloop/tracking (any MLflow opens it).
See:      npx netloop models list   |   npx netloop detect datasets/lab/day2/capture.pcap.xz   |   npx netloop doctor
Try next: npx netloop run experiments/lab.yaml --set labels.benignBelow=0.1 --set publish=false
`);
      if (exit) return;
      interruptSignal().addEventListener('abort', () => stop.abort(), { once: true });
      const beside = venv && showJupyter(venv, stop.signal);
      try {
        await serve();
      } finally {
        stop.abort();
        await (await beside)?.close();
      }
    });
}
