import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { compareRuns } from '../compare.js';
import { NetloopError } from '../errors.js';
import type { RecordedRun } from '../rerun.js';
import { prepareHome } from '../stores/home.js';
import { readRun } from '../stores/recorded-run.js';
import { createEmbeddedTracking } from '../stores/tracking-embedded.js';
import { renderComparison, renderComparisonPage } from './comparison.js';
import { openHome } from './ports.js';

function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (cause) {
    throw new NetloopError('NL_STORE_WRITE', `cannot write ${file}: ${(cause as Error).message}`, { cause, where: { file } });
  }
}

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('why does B differ from A: data, code, environment, params, labels, weights, metrics')
    .argument('<run>', 'a run id, or how it begins: the one the others are compared with')
    .argument('<others...>', 'one run or more')
    .option('--json', 'one JSON object')
    .option('--html <file>', 'write one page with every difference')
    .addHelpText('after', '\nExamples:\n  netloop compare 3f2a91 88b0c4\n  netloop compare 3f2a91 88b0c4 10fe77 --html why.html')
    .action(async (first: string, others: string[], options: { json?: boolean; html?: string }) => {
      const tracking = createEmbeddedTracking(prepareHome(openHome()).tracking);
      try {
        const runs: RecordedRun[] = [];
        for (const id of [first, ...others]) runs.push(await readRun(tracking, id));
        const comparison = compareRuns(runs);
        if (options.html) writePage(options.html, renderComparisonPage(comparison));
        process.stdout.write(`${options.json ? JSON.stringify(comparison) : renderComparison(comparison)}\n`);
      } finally {
        tracking.close();
      }
    });
}
