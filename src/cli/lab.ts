import type { Command } from 'commander';
import { NetloopError } from '../errors.js';
import { attackLab } from '../lab/attack-lab.js';
import type { AttackReport } from '../lab/attack-report.js';
import { type LabProgress, recordLab } from '../lab/record.js';
import { interruptSignal } from './interrupt.js';
import { numeric } from './number-option.js';
import { renderTable } from './table.js';

const line = ({ stage, done, total, attack }: LabProgress): string =>
  `${stage} ${done.toFixed(0)} of ${total} s${attack ? `, ${attack} begins` : ''}\n`;

const clock = (us: number): string => new Date(us / 1000).toISOString().slice(11, 23);

/** The attacks, their alerts, and what was learnt. */
export function renderAttacks({ attacks, others, learning }: AttackReport): string {
  const rows = attacks.map(({ kind, host, addresses, firstPacketUs, alert, delay, lag }) => [
    kind,
    `${host} ${addresses[0]}`,
    firstPacketUs === null ? '–' : clock(firstPacketUs),
    alert === null ? 'none' : `${alert.source} ${alert.rule}`,
    alert === null ? '–' : clock(alert.seenUs),
    delay === null ? '–' : `${delay.toFixed(1)} s`,
    lag === null ? '–' : `${lag.toFixed(1)} s`,
    alert?.orig_h ?? '–',
  ]);
  const header = ['attack', 'by', 'first packet', 'alert', 'told', 'delay', 'lag', 'source'];
  const labels = Object.entries(learning.ruleLabels).map(([rule, n]) => `${rule} ${n}`);
  return [
    renderTable(header, rows),
    '',
    ...others.map(({ rule, orig_h, resp_h }) => `also: ${rule} by ${orig_h} against ${resp_h}`),
    ...learning.cycles.map((c) => `cycle ${c.cycle} (${c.learner}): ${c.state}, ${c.num_samples} samples: ${c.reason}`),
    `labels that rules gave: ${labels.join(', ') || 'none'}`,
  ].join('\n');
}

/** Whether every attack was told of in time, by the host that did it, and something was learnt from it. */
const SOON = 5;
const proven = ({ attacks, learning }: AttackReport): boolean =>
  attacks.every(({ lag }) => lag !== null && lag <= SOON) && Object.keys(learning.ruleLabels).length > 0;

export function addLab(program: Command): void {
  const lab = program
    .command('lab')
    .description('real traffic between network namespaces of its own')
    .addHelpText('after', '\nExample:\n  sudo npx netloop lab record day1 --out my-day');
  lab
    .command('record')
    .description('record a day: real programs, real attack tools, truth by packet (needs root and the programs that doctor names)')
    .argument('<day>', 'day1 or day2')
    .option('--seconds <n>', 'length of the recording', numeric('seconds'), 1450)
    .option('--seed <n>', "decides the users' choices (the shipped days: 101 and 202)", numeric('seed'), 101)
    .option('--shift-seconds <n>', 'moves the recording in time', numeric('shift-seconds'), 0)
    .option('--out <dir>', 'folder to write', 'lab-recording')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  sudo npx netloop lab record day1 --out my-day')
    .action(async (day: string, options: { seconds: number; seed: number; shiftSeconds: number; out: string; json?: boolean }) => {
      if (day !== 'day1' && day !== 'day2') throw new NetloopError('NL_OPTION', `invalid day: expected day1 or day2, got ${day}`);
      const report = await recordLab({
        day,
        seconds: options.seconds,
        seed: options.seed,
        shiftSeconds: options.shiftSeconds,
        out: options.out,
        signal: interruptSignal(),
        onProgress: options.json ? undefined : (progress) => void process.stderr.write(line(progress)),
      });
      process.stdout.write(`${JSON.stringify(report, null, options.json ? 0 : 2)}\n`);
    });
  lab
    .command('attack')
    .description(
      'proof by attack: a service in a world of its own, attacked there; takes no target (needs root and the programs of record)',
    )
    .option('--seed <n>', "decides the people's choices", numeric('seed'), 1)
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  sudo npx netloop lab attack')
    .action(async ({ seed, json }: { seed: number; json?: boolean }) => {
      const report = await attackLab({
        seed,
        signal: interruptSignal(),
        onStep: (step) => void process.stderr.write(`${step}\n`),
      });
      process.stdout.write(`${json ? JSON.stringify(report) : renderAttacks(report)}\n`);
      if (!proven(report)) process.exitCode = 1;
    });
}
