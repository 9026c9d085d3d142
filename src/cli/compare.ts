import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { compareRuns } from '../compare.js';
import { NetloopError } from '../errors.js';
import type { RecordedRun } from '../rerun.js';
import { compareGroups, type SeedGroup } from '../seed-group.js';
import { prepareHome } from '../stores/home.js';
import { trackingPlace } from '../stores/open-tracking.js';
import { findRun, readGroup, readRun } from '../stores/recorded-run.js';
import type { RunStore } from '../stores/run-store.js';
import { renderComparison, renderComparisonPage, renderTextPage } from './comparison.js';
import { openHome } from './ports.js';
import { renderGroups } from './seeds.js';

function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (cause) {
    throw new NetloopError('NL_STORE_WRITE', `cannot write ${file}: ${(cause as Error).message}`, { cause, where: { file } });
  }
}

/** Both as groups of seeds; null when the first is none. @throws NL_OPTION */
async function groupsOf(tracking: RunStore, ids: readonly string[]): Promise<readonly [SeedGroup, SeedGroup] | null> {
  const groups: (SeedGroup | null)[] = [];
  for (const id of ids) groups.push(await readGroup(tracking, await findRun(tracking, id)));
  const [a, b] = groups;
  if (groups.every((group) => group === null)) return null;
  if (a && b && groups.length === 2) return [a, b];
  throw new NetloopError('NL_OPTION', `a group of seeds is compared with one other group, got ${ids.join(', ')}`);
}

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description(
      'why does B differ from A: data, code, environment, params, labels, weights, metrics; two groups of seeds: by how much, and is it chance',
    )
    .argument('<run>', 'a run id, or how it begins: the one the others are compared with')
    .argument('<others...>', 'one run or more')
    .option('--json', 'one JSON object')
    .option('--html <file>', 'write one page with every difference')
    .addHelpText('after', '\nExamples:\n  netloop compare 3f2a91 88b0c4\n  netloop compare 3f2a91 88b0c4 10fe77 --html why.html')
    .action(async (first: string, others: string[], options: { json?: boolean; html?: string }) => {
      const tracking = trackingPlace(prepareHome(openHome())).open();
      try {
        const groups = await groupsOf(tracking, [first, ...others]);
        if (groups) {
          const text = renderGroups(...groups);
          if (options.html) writePage(options.html, renderTextPage(text));
          const whole = () => JSON.stringify({ groups: groups.map(({ id, name }) => ({ id, name })), ...compareGroups(...groups) });
          return void process.stdout.write(`${options.json ? whole() : text}\n`);
        }
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
