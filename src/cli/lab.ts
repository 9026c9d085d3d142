import type { Command } from 'commander';
import { NetloopError } from '../errors.js';
import { type LabProgress, recordLab } from '../lab/record.js';
import { interruptSignal } from './interrupt.js';
import { numeric } from './number-option.js';

const line = ({ stage, done, total, attack }: LabProgress): string =>
  `${stage} ${done.toFixed(0)} of ${total} s${attack ? `, ${attack} begins` : ''}\n`;

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
}
