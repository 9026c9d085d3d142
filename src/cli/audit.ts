import type { Command } from 'commander';
import { AUDITS } from '../audit.js';
import type { CycleAudit } from '../cycle-audit.js';
import { number } from '../errors.js';
import { openAudits } from '../stores/audits.js';
import { numeric } from './number-option.js';
import { openHome } from './ports.js';
import { percent, renderTable } from './table.js';

function render(audits: readonly CycleAudit[]): string {
  const noise = renderTable(
    ['learner', 'cycle', 'drawn', 'checked', 'wrong', 'noise', '95 % from', 'to'],
    audits.map((a) => [
      a.learner,
      String(a.cycle),
      String(a.drawn),
      String(a.checked),
      String(a.wrong),
      percent(a.noise),
      percent(a.low),
      percent(a.high),
    ]),
  );
  const queue = renderTable(
    ['flow', 'began', 'label', 'by', 'sure'],
    audits.flatMap(({ open }) =>
      open.map(({ id, ts, label, rule, version, source, confidence }) => [
        id,
        new Date(ts / 1000).toISOString(),
        label === 1 ? 'attack' : 'benign',
        rule ?? version ?? source,
        percent(confidence),
      ]),
    ),
  );
  return `${noise}\n\n${queue}\n\nAnswer with: netloop label FLOW attack --why "…"`;
}

export function addAudit(program: Command): void {
  program
    .command('audit')
    .description("a few of each cycle's automatic labels for a person to check, and how wrong the labels are by the answers so far")
    .option('--most <rows>', 'rows a cycle', numeric('most'), AUDITS)
    .option('--cycles <number>', 'newest cycles', numeric('cycles'), 5)
    .option('--json', 'machine-readable')
    .addHelpText('after', '\nExample:\n  $ netloop audit --most 10\n  $ netloop label 3f2a91c0d4e5b6a7 benign --why "our backup"\n')
    .action(async ({ most, cycles, json }: { most: number; cycles: number; json?: boolean }) => {
      number('--most', most, { min: 1, max: 1000, integer: true });
      number('--cycles', cycles, { min: 1, max: 1000, integer: true });
      const stores = openAudits(openHome());
      try {
        const audits = await stores.queue(cycles, most);
        const text = audits.length === 0 ? 'no automatic labels are kept of the newest cycles' : render(audits);
        process.stdout.write(`${json ? JSON.stringify(audits, null, 2) : text}\n`);
      } finally {
        stores.close();
      }
    });
}
